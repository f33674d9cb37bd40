CREATE DOMAIN kind AS text NOT NULL DEFAULT 'chore' CHECK (VALUE <> '');
CREATE TABLE counters (name text PRIMARY KEY, value integer NOT NULL);
INSERT INTO counters VALUES ('rank', 10);
-- A default that reads and writes another table.
CREATE FUNCTION next_rank() RETURNS integer LANGUAGE sql AS
$$ UPDATE counters SET value = value + 1 WHERE name = 'rank' RETURNING value $$;
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text UNIQUE,
    title text NOT NULL,
    note text,
    status text NOT NULL DEFAULT 'open',
    owner text DEFAULT 'nobody',
    rank integer DEFAULT next_rank(),
    kind kind,
    doubled integer GENERATED ALWAYS AS (rank * 2) STORED
);
CREATE VIEW open_tasks AS SELECT id, title, owner FROM tasks WHERE status = 'open';
ALTER VIEW open_tasks ALTER COLUMN owner SET DEFAULT 'somebody';
