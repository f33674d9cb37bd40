CREATE TABLE agents (
    tenant_id uuid NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    status agent_status NOT NULL DEFAULT 'active',
    capabilities text[] NOT NULL DEFAULT '{}' CHECK (array_position(capabilities, NULL) IS NULL),
    max_tasks integer NOT NULL DEFAULT 10,
    metadata jsonb NOT NULL DEFAULT '{}',
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT agents_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT agents_id_check CHECK (id <> ''),
    CONSTRAINT agents_max_tasks_check CHECK (max_tasks > 0)
);
COMMENT ON TABLE agents IS 'A worker of a tenant that tasks are given to.';
COMMENT ON COLUMN agents.id IS 'The name that the tenant calls the agent by.';
COMMENT ON COLUMN agents.max_tasks IS 'How many tasks the agent works on at a time.';

CREATE TABLE tasks (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    type text NOT NULL,
    status task_status NOT NULL DEFAULT 'pending',
    priority task_priority NOT NULL DEFAULT 'normal',
    created_by text NOT NULL,
    assigned_to text,
    parent_task_id uuid,
    title text NOT NULL,
    description text,
    parameters jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    error text,
    max_retries integer NOT NULL DEFAULT 3,
    retry_count integer NOT NULL DEFAULT 0,
    timeout_seconds integer NOT NULL DEFAULT 3600,
    created_at timestamptz NOT NULL DEFAULT now(),
    assigned_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    delegated_from text,
    deadline timestamptz,
    schedule text,
    tags text[] NOT NULL DEFAULT '{}' CHECK (array_position(tags, NULL) IS NULL),
    capabilities text[] NOT NULL DEFAULT '{}' CHECK (array_position(capabilities, NULL) IS NULL),
    metadata jsonb NOT NULL DEFAULT '{}',
    lease_owner text,
    lease_expires_at timestamptz,
    CONSTRAINT tasks_pkey PRIMARY KEY (id),
    CONSTRAINT tasks_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT tasks_parent_task_id_fkey
        FOREIGN KEY (tenant_id, parent_task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT tasks_parent_task_id_check CHECK (parent_task_id <> id),
    CONSTRAINT tasks_type_check CHECK (type <> ''),
    CONSTRAINT tasks_title_check CHECK (title <> ''),
    CONSTRAINT tasks_max_retries_check CHECK (max_retries >= 0),
    CONSTRAINT tasks_retry_count_check CHECK (retry_count >= 0),
    CONSTRAINT tasks_timeout_seconds_check CHECK (timeout_seconds > 0),
    CONSTRAINT tasks_parameters_check CHECK (jsonb_typeof(parameters) = 'object'),
    CONSTRAINT tasks_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT tasks_lease_check CHECK ((lease_owner IS NULL) = (lease_expires_at IS NULL))
);
COMMENT ON TABLE tasks IS 'A piece of work for an agent.';
COMMENT ON COLUMN tasks.assigned_to IS 'The agent that the task is given to; need not be registered yet.';
COMMENT ON COLUMN tasks.deleted_at IS 'When the task was deleted or archived; it is hidden from then on.';
COMMENT ON COLUMN tasks.version IS 'Counts the changes of the row, for optimistic locking.';
COMMENT ON COLUMN tasks.delegated_from IS 'The agent that handed the task on to the present one.';
COMMENT ON COLUMN tasks.schedule IS 'Name of the schedule that the task runs by.';
COMMENT ON COLUMN tasks.capabilities IS 'What an agent must be capable of to run the task.';
COMMENT ON COLUMN tasks.lease_owner IS 'The agent that runs the task now.';
COMMENT ON COLUMN tasks.lease_expires_at IS 'Until when the task belongs to the agent that runs it.';
COMMENT ON CONSTRAINT tasks_tenant_id_id_key ON tasks
    IS 'Lets other tables require that a task belongs to their tenant.';

CREATE FUNCTION tasks_follow_status() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF NEW.status = 'in_progress' THEN
        NEW.started_at := coalesce(NEW.started_at, now());
    ELSE
        NEW.lease_owner := NULL;
        NEW.lease_expires_at := NULL;
    END IF;
    IF NEW.status IN ('completed', 'failed', 'cancelled', 'timed_out') THEN
        NEW.completed_at := coalesce(NEW.completed_at, now());
    ELSE
        NEW.completed_at := NULL;
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION tasks_follow_status() IS 'Keeps the times and the lease of a task in step with its status.';

CREATE TRIGGER tasks_follow_status
    BEFORE UPDATE OF status ON tasks
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION tasks_follow_status();

CREATE FUNCTION task_document(title text, description text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', coalesce(description, '')), 'B');
COMMENT ON FUNCTION task_document(text, text) IS 'What full text search sees of a task.';

CREATE TABLE task_delegations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    from_agent text NOT NULL,
    to_agent text NOT NULL,
    reason text,
    metadata jsonb NOT NULL DEFAULT '{}',
    delegated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT task_delegations_pkey PRIMARY KEY (id),
    CONSTRAINT task_delegations_task_id_fkey
        FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT task_delegations_to_agent_check CHECK (to_agent <> from_agent)
);
COMMENT ON TABLE task_delegations IS 'A task handed on from one agent to another.';

CREATE TABLE task_events (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    event_type task_event_type NOT NULL,
    agent_id text,
    details jsonb NOT NULL DEFAULT '{}',
    timestamp timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT task_events_pkey PRIMARY KEY (id),
    CONSTRAINT task_events_task_id_fkey
        FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE task_events IS 'The timeline of each task.';

CREATE TYPE task_status_update AS (task_id uuid, status task_status, metadata jsonb);
COMMENT ON TYPE task_status_update IS 'One task of a bulk change of status.';

CREATE DOMAIN task_changes AS jsonb
    CONSTRAINT task_changes_check CHECK (
        jsonb_typeof(VALUE) = 'object'
        AND VALUE - ARRAY[
            'type', 'priority', 'title', 'description', 'parameters', 'result', 'error',
            'max_retries', 'timeout_seconds', 'deadline', 'schedule', 'tags', 'capabilities'
        ] = '{}'
    );
COMMENT ON DOMAIN task_changes IS 'The columns of a task to change, and their new values.';

CREATE TYPE task_update AS (task_id uuid, changes task_changes);
COMMENT ON TYPE task_update IS 'One task of a bulk change, with its own set of columns.';

CREATE TYPE task_status_count AS (status task_status, count bigint);
COMMENT ON TYPE task_status_count IS 'How many tasks have this status.';

CREATE TYPE task_priority_count AS (priority task_priority, count bigint);
COMMENT ON TYPE task_priority_count IS 'How many tasks have this priority.';

CREATE TYPE task_type_count AS (type text, count bigint);
COMMENT ON TYPE task_type_count IS 'How many tasks are of this type.';

CREATE TYPE agent_task_count AS (agent_id text, count bigint);
COMMENT ON TYPE agent_task_count IS 'How many tasks are assigned to this agent.';

CREATE TYPE task_hit AS (task tasks, rank real, highlights text[]);
COMMENT ON TYPE task_hit IS 'A task that a search found, with the passages that matched.';
