CREATE TYPE task_status AS ENUM ('open', 'done');

CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL CHECK (title <> ''),
    status task_status NOT NULL DEFAULT 'open',
    note text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tasks_status_idx ON tasks (status, id);
