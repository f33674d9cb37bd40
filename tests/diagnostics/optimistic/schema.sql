CREATE TABLE tasks (
    id integer PRIMARY KEY,
    slug text,
    title text NOT NULL,
    version integer NOT NULL
);
CREATE UNIQUE INDEX ON tasks (lower(slug));
CREATE VIEW numbered AS SELECT id, version AS number FROM tasks;
