CREATE TYPE task_status AS ENUM ('open', 'in progress', 'done');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL,
    title text NOT NULL CHECK (title <> ''),
    description text,
    status task_status NOT NULL DEFAULT 'open',
    assigned_to text,
    token text,
    priority integer NOT NULL DEFAULT 0,
    deadline date,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
