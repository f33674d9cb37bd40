CREATE TYPE status AS ENUM ('todo', 'done');
CREATE TABLE owners (id integer PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id integer REFERENCES owners,
    slug text NOT NULL CONSTRAINT tasks_slug_key UNIQUE,
    status status NOT NULL DEFAULT 'todo',
    priority integer NOT NULL DEFAULT 3 CONSTRAINT tasks_priority_check CHECK (priority > 0),
    note text
);
CREATE VIEW open_tasks AS SELECT slug, note FROM tasks WHERE status = 'todo';
CREATE TABLE secrets (
    id integer PRIMARY KEY,
    tenant text NOT NULL DEFAULT current_setting('app.tenant', true),
    payload jsonb
);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON secrets USING (tenant = current_setting('app.tenant', true));
CREATE TABLE "order" ("select" integer PRIMARY KEY, "a ""b""" text);
