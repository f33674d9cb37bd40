CREATE TYPE agent_status AS ENUM ('active', 'idle', 'failing', 'disabled');
COMMENT ON TYPE agent_status IS 'Whether an agent runs; a disabled one takes no work.';

CREATE TYPE workflow_status AS ENUM ('draft', 'active', 'paused', 'archived');
COMMENT ON TYPE workflow_status IS 'Whether a workflow may be run.';

CREATE TYPE task_status AS ENUM ('pending', 'running', 'completed', 'failed', 'cancelled');
COMMENT ON TYPE task_status IS 'Where a task stands; the last three are final.';

CREATE TYPE execution_status AS ENUM ('running', 'paused', 'completed', 'failed', 'cancelled');
COMMENT ON TYPE execution_status IS 'Where a run of something stands; the last three are final.';

CREATE TYPE playbook_status AS ENUM ('draft', 'published', 'archived');
COMMENT ON TYPE playbook_status IS 'Whether a playbook may be used.';

CREATE TYPE message_role AS ENUM ('system', 'user', 'assistant', 'tool');
COMMENT ON TYPE message_role IS 'Who speaks in a message.';
