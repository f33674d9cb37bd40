-- name: Create :one
-- Register an agent.
INSERT INTO agents (name, type, description, configuration)
VALUES (@name, @type, @description, @configuration)
RETURNING *;

-- name: CreateMany :copyfrom
-- Register many agents at once.
INSERT INTO agents (id, name, type, status, description, configuration)
VALUES (@id, @name, @type, @status, @description, @configuration);

-- name: GetById :opt
-- Return an agent, or None if it does not exist.
SELECT * FROM agents
WHERE id = @id;

-- name: Update :one
-- Update an agent.
-- @optional name, type, status, description, configuration
UPDATE agents
SET name = @name,
    type = @type,
    status = @status,
    description = @description,
    configuration = @configuration,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete an agent. Records of what it did are kept.
DELETE FROM agents
WHERE id = @id;

-- name: List :page
-- List the agents, newest first.
-- @optional type, status
-- @sort created_at, updated_at, name
SELECT * FROM agents
WHERE type = @type
  AND status = @status
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- Count the agents.
-- @optional type, status
SELECT count(*) FROM agents
WHERE type = @type
  AND status = @status;

-- name: GetByType :many
-- List the agents of a type, by name.
SELECT * FROM agents
WHERE type = @type
ORDER BY name;

-- name: GetActiveAgents :many
-- List the agents that are running, by name.
SELECT * FROM agents
WHERE status = 'active'
ORDER BY name;

-- name: UpdateState :one
-- Merge an object into an agent's state.
UPDATE agents
SET state = state || @state,
    last_active_at = now(),
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: GetAgentMetrics :one
-- Return an agent's success rates for task attempts and tool calls. Rates range from 0 to 1. Rates and averages are
-- None if there were no attempts.
SELECT agent.id AS agent_id,
       tasks.open_tasks,
       attempts.total_executions,
       attempts.completed_executions,
       attempts.failed_executions,
       attempts.success_rate,
       attempts.average_duration,
       calls.tool_calls,
       calls.failed_tool_calls,
       calls.average_tool_duration_ms
FROM agents AS agent
CROSS JOIN LATERAL (
    SELECT count(*) AS open_tasks
    FROM tasks
    WHERE tasks.agent_id = agent.id
      AND tasks.status IN ('pending', 'running')
) AS tasks
CROSS JOIN LATERAL (
    SELECT count(*) AS total_executions,
           count(*) FILTER (WHERE status = 'completed') AS completed_executions,
           count(*) FILTER (WHERE status = 'failed') AS failed_executions,
           count(*) FILTER (WHERE status = 'completed')::double precision
               / nullif(count(*) FILTER (WHERE status IN ('completed', 'failed')), 0) AS success_rate,
           avg(completed_at - started_at) AS average_duration
    FROM task_executions
    WHERE task_executions.agent_id = agent.id
) AS attempts
CROSS JOIN LATERAL (
    SELECT count(*) AS tool_calls,
           count(*) FILTER (WHERE NOT succeeded) AS failed_tool_calls,
           avg(duration_ms)::double precision AS average_tool_duration_ms
    FROM tool_usage
    WHERE tool_usage.agent_id = agent.id
) AS calls
WHERE agent.id = @agent_id;

-- name: GrantTool :exec
-- Allow an agent to call a tool.
INSERT INTO agent_tools (agent_id, tool_id)
VALUES (@agent_id, @tool_id)
ON CONFLICT DO NOTHING;

-- name: RevokeTool :execrows
-- Forbid an agent to call a tool.
DELETE FROM agent_tools
WHERE agent_id = @agent_id
  AND tool_id = @tool_id;

-- name: GetWithTools :one
-- Return an agent with the tools that it may call, by name.
SELECT sqlc.embed(agent),
       ARRAY(
           SELECT tool
           FROM agent_tools
           JOIN tools AS tool ON tool.id = agent_tools.tool_id
           WHERE agent_tools.agent_id = agent.id
           ORDER BY tool.name
       ) AS tools
FROM agents AS agent
WHERE agent.id = @id;

-- name: ListWithTools :many
-- List all agents with the tools that they may call, both by name.
SELECT sqlc.embed(agent),
       ARRAY(
           SELECT tool
           FROM agent_tools
           JOIN tools AS tool ON tool.id = agent_tools.tool_id
           WHERE agent_tools.agent_id = agent.id
           ORDER BY tool.name
       ) AS tools
FROM agents AS agent
ORDER BY agent.name;
