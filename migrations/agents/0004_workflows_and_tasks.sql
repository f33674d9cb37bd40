CREATE TABLE workflows (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    description text,
    status workflow_status NOT NULL DEFAULT 'draft',
    definition jsonb NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT workflows_pkey PRIMARY KEY (id),
    CONSTRAINT workflows_name_key UNIQUE (name),
    CONSTRAINT workflows_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT workflows_name_check CHECK (name <> '')
);
COMMENT ON TABLE workflows IS 'A plan of work that can be run time and again.';

CREATE INDEX workflows_status_idx ON workflows (status, name);
CREATE INDEX workflows_created_at_idx ON workflows (created_at DESC, id DESC);
CREATE INDEX workflows_created_by_idx ON workflows (created_by);

CREATE TABLE workflow_executions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    workflow_id uuid NOT NULL,
    status execution_status NOT NULL DEFAULT 'running',
    state jsonb NOT NULL DEFAULT '{}',
    error text,
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    CONSTRAINT workflow_executions_pkey PRIMARY KEY (id),
    CONSTRAINT workflow_executions_workflow_id_fkey
        FOREIGN KEY (workflow_id) REFERENCES workflows (id) ON DELETE CASCADE,
    CONSTRAINT workflow_executions_state_check CHECK (jsonb_typeof(state) = 'object'),
    CONSTRAINT workflow_executions_completed_at_check
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL))
);
COMMENT ON TABLE workflow_executions IS 'One run of a workflow.';
COMMENT ON COLUMN workflow_executions.state IS 'How far the run has come, by key.';

CREATE UNIQUE INDEX workflow_executions_open_key ON workflow_executions (workflow_id)
    WHERE status IN ('running', 'paused');
COMMENT ON INDEX workflow_executions_open_key IS 'A workflow runs once at a time.';
CREATE INDEX workflow_executions_workflow_id_idx ON workflow_executions (workflow_id, started_at DESC, id DESC);

CREATE TABLE tasks (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    title text NOT NULL,
    type text NOT NULL,
    description text,
    status task_status NOT NULL DEFAULT 'pending',
    priority integer NOT NULL DEFAULT 0,
    agent_id uuid,
    workflow_id uuid,
    created_by uuid,
    input jsonb NOT NULL DEFAULT '{}',
    output jsonb,
    due_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tasks_pkey PRIMARY KEY (id),
    CONSTRAINT tasks_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE SET NULL,
    CONSTRAINT tasks_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows (id) ON DELETE CASCADE,
    CONSTRAINT tasks_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT tasks_title_check CHECK (title <> ''),
    CONSTRAINT tasks_type_check CHECK (type <> ''),
    CONSTRAINT tasks_completed_at_check
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL))
);
COMMENT ON TABLE tasks IS 'A piece of work for an agent.';
COMMENT ON COLUMN tasks.priority IS 'The higher comes first.';

CREATE INDEX tasks_created_at_idx ON tasks (created_at DESC, id DESC);
CREATE INDEX tasks_agent_id_idx ON tasks (agent_id, created_at DESC, id DESC);
CREATE INDEX tasks_status_idx ON tasks (status, created_at DESC, id DESC);
CREATE INDEX tasks_workflow_id_idx ON tasks (workflow_id, created_at DESC, id DESC);
CREATE INDEX tasks_created_by_idx ON tasks (created_by);
CREATE INDEX tasks_search_idx ON tasks USING gin (to_tsvector('english', title || ' ' || coalesce(description, '')));
CREATE INDEX tasks_open_idx ON tasks (created_by, priority DESC, created_at, id) WHERE status IN ('pending', 'running');
CREATE INDEX tasks_pending_idx ON tasks (priority DESC, created_at, id) WHERE status = 'pending';

CREATE TABLE task_executions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    task_id uuid NOT NULL,
    agent_id uuid,
    attempt integer NOT NULL,
    status execution_status NOT NULL DEFAULT 'running',
    output jsonb,
    error text,
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    CONSTRAINT task_executions_pkey PRIMARY KEY (id),
    CONSTRAINT task_executions_task_id_attempt_key UNIQUE (task_id, attempt),
    CONSTRAINT task_executions_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT task_executions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE SET NULL,
    CONSTRAINT task_executions_attempt_check CHECK (attempt > 0),
    CONSTRAINT task_executions_completed_at_check
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL))
);
COMMENT ON TABLE task_executions IS 'One attempt at a task.';
COMMENT ON COLUMN task_executions.attempt IS 'Counted from 1 in each task.';

CREATE INDEX task_executions_agent_id_idx ON task_executions (agent_id, started_at DESC);

CREATE TABLE task_dependencies (
    task_id uuid NOT NULL,
    depends_on_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT task_dependencies_pkey PRIMARY KEY (task_id, depends_on_id),
    CONSTRAINT task_dependencies_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT task_dependencies_depends_on_id_fkey
        FOREIGN KEY (depends_on_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT task_dependencies_self_check CHECK (task_id <> depends_on_id)
);
COMMENT ON TABLE task_dependencies IS 'A task that can run only after another.';

CREATE INDEX task_dependencies_depends_on_id_idx ON task_dependencies (depends_on_id);

CREATE FUNCTION task_dependencies_refuse_cycle() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    -- Two new dependencies that close a cycle only together would not see each other, so they come one by one.
    PERFORM pg_advisory_xact_lock('task_dependencies'::regclass::oid::bigint);
    IF EXISTS (
        WITH RECURSIVE before (id) AS (
            SELECT NEW.depends_on_id
            UNION
            SELECT dependency.depends_on_id
            FROM before
            JOIN task_dependencies AS dependency ON dependency.task_id = before.id
        )
        SELECT 1 FROM before WHERE id = NEW.task_id
    ) THEN
        RAISE EXCEPTION 'task % already has to run before task %', NEW.task_id, NEW.depends_on_id
            USING ERRCODE = 'check_violation',
                  SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'task_dependencies_acyclic';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION task_dependencies_refuse_cycle() IS 'Refuses a dependency that would close a cycle.';

CREATE CONSTRAINT TRIGGER task_dependencies_acyclic
    AFTER INSERT OR UPDATE ON task_dependencies
    FOR EACH ROW
    EXECUTE FUNCTION task_dependencies_refuse_cycle();
