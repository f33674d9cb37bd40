-- A table as wide as a real one, and a narrow one for streams and COPY.
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    type text NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    created_by text NOT NULL,
    assigned_to text,
    parent_task_id uuid,
    title text NOT NULL,
    description text,
    parameters jsonb NOT NULL,
    result jsonb,
    error text,
    max_retries integer NOT NULL,
    retry_count integer NOT NULL,
    timeout_seconds integer NOT NULL,
    created_at timestamptz NOT NULL,
    assigned_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    version integer NOT NULL
);
CREATE INDEX tasks_newest ON tasks (tenant_id, created_at DESC, id DESC);

-- What COPY fills: empty each time.
CREATE TABLE tasks_in (LIKE tasks INCLUDING ALL);

CREATE TABLE points (id bigint NOT NULL, x double precision NOT NULL, label text NOT NULL);
CREATE TABLE points_in (id bigint NOT NULL, x double precision NOT NULL, label text NOT NULL);
