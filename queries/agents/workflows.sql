-- name: Create :one
-- Create a workflow as a draft.
INSERT INTO workflows (name, description, definition, created_by)
VALUES (@name, @description, @definition, @created_by)
RETURNING *;

-- name: GetById :opt
-- Return a workflow, or None if it does not exist.
SELECT * FROM workflows
WHERE id = @id;

-- name: Update :one
-- Update a workflow.
-- @optional name, description, status, definition
UPDATE workflows
SET name = @name,
    description = @description,
    status = @status,
    definition = @definition,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete a workflow with its executions and tasks.
DELETE FROM workflows
WHERE id = @id;

-- name: List :page
-- List the workflows, newest first.
-- @optional status, created_by
-- @sort created_at, updated_at, name
SELECT * FROM workflows
WHERE status = @status
  AND created_by = @created_by
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- Count the workflows.
-- @optional status, created_by
SELECT count(*) FROM workflows
WHERE status = @status
  AND created_by = @created_by;

-- name: GetByStatus :many
-- List the workflows with a status, by name.
SELECT * FROM workflows
WHERE status = @status
ORDER BY name;

-- name: StartExecution :one
-- Start an execution of an active workflow. Only one execution can run at a time.
INSERT INTO workflow_executions (workflow_id, state)
SELECT workflows.id, @state
FROM workflows
WHERE workflows.id = @workflow_id
  AND workflows.status = 'active'
RETURNING *;

-- name: UpdateExecutionState :one
-- Merge an object into the state of the workflow's running execution. A status pauses or resumes it.
-- @optional status
UPDATE workflow_executions AS execution
SET state = execution.state || @state,
    status = @status
FROM workflows AS workflow
WHERE execution.workflow_id = @workflow_id
  AND execution.status IN ('running', 'paused')
  AND workflow.id = execution.workflow_id
RETURNING sqlc.embed(workflow), sqlc.embed(execution);

-- name: FinishExecution :one
-- End the workflow's running execution.
UPDATE workflow_executions
SET status = @status,
    error = sqlc.narg(error),
    completed_at = now()
WHERE workflow_id = @workflow_id
  AND status IN ('running', 'paused')
RETURNING *;

-- name: GetExecutionHistory :page
-- List the executions of a workflow, latest first.
-- @optional status
SELECT * FROM workflow_executions
WHERE workflow_id = @workflow_id
  AND status = @status
ORDER BY started_at DESC, id DESC;

-- name: GetWorkflowMetrics :one
-- Return statistics about a workflow's executions. The success rate ranges from 0 to 1. The rate and the durations
-- are None if no execution has ended.
SELECT workflow.id AS workflow_id,
       count(execution.id) AS total_executions,
       count(execution.id) FILTER (WHERE execution.status IN ('running', 'paused')) AS open_executions,
       count(execution.id) FILTER (WHERE execution.status = 'completed') AS completed_executions,
       count(execution.id) FILTER (WHERE execution.status = 'failed') AS failed_executions,
       count(execution.id) FILTER (WHERE execution.status = 'completed')::double precision
           / nullif(count(execution.id) FILTER (WHERE execution.status IN ('completed', 'failed')), 0) AS success_rate,
       avg(execution.completed_at - execution.started_at) AS average_duration,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY execution.completed_at - execution.started_at) AS p95_duration,
       max(execution.started_at) AS last_started_at
FROM workflows AS workflow
LEFT JOIN workflow_executions AS execution ON execution.workflow_id = workflow.id
WHERE workflow.id = @workflow_id
GROUP BY workflow.id;

-- name: GetWithExecutions :one
-- Return a workflow with its latest executions, latest first.
SELECT sqlc.embed(workflow),
       ARRAY(
           SELECT execution
           FROM workflow_executions AS execution
           WHERE execution.workflow_id = workflow.id
           ORDER BY execution.started_at DESC, execution.id DESC
           LIMIT @execution_limit
       ) AS executions
FROM workflows AS workflow
WHERE workflow.id = @id;
