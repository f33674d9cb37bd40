CREATE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
COMMENT ON FUNCTION current_tenant() IS
    'The tenant that this connection or transaction works for; NULL, and so no rows, until app.tenant_id is set.';

CREATE TYPE task_status AS ENUM ('pending', 'assigned', 'in_progress', 'completed', 'failed', 'cancelled', 'timed_out');
COMMENT ON TYPE task_status IS 'Where a task stands; the last four are final.';

CREATE TYPE task_priority AS ENUM ('low', 'normal', 'high', 'critical');
COMMENT ON TYPE task_priority IS 'How urgent a task is, the least first.';

CREATE TYPE task_event_type AS ENUM (
    'created', 'assigned', 'unassigned', 'delegated', 'started', 'status_changed', 'retried', 'lease_expired', 'archived'
);
COMMENT ON TYPE task_event_type IS 'What can happen to a task.';

CREATE TYPE agent_status AS ENUM ('active', 'paused', 'offline');
COMMENT ON TYPE agent_status IS 'Whether an agent takes tasks.';

CREATE TYPE workflow_status AS ENUM ('pending', 'running', 'completed', 'failed', 'cancelled');
COMMENT ON TYPE workflow_status IS 'Where a workflow stands; the last three are final.';

CREATE TYPE stage_status AS ENUM ('pending', 'running', 'completed', 'failed', 'skipped');
COMMENT ON TYPE stage_status IS 'Where one stage of a workflow stands; the last three are final.';

CREATE TYPE member_role AS ENUM ('viewer', 'editor', 'admin', 'owner');
COMMENT ON TYPE member_role IS 'What a member may do in a workspace, the least first.';
