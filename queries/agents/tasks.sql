-- name: Create :one
-- Create a task.
INSERT INTO tasks (title, type, description, priority, agent_id, workflow_id, created_by, input, due_at)
VALUES (@title, @type, @description, @priority, @agent_id, @workflow_id, @created_by, @input, @due_at)
RETURNING *;

-- name: CreateMany :copyfrom
-- Create many tasks at once.
INSERT INTO tasks (id, title, type, description, priority, agent_id, workflow_id, created_by, input, due_at)
VALUES (@id, @title, @type, @description, @priority, @agent_id, @workflow_id, @created_by, @input, @due_at);

-- name: GetById :opt
-- Return a task, or None if it does not exist.
SELECT * FROM tasks
WHERE id = @id;

-- name: Update :one
-- Update a task.
-- @optional title, type, description, priority, agent_id, workflow_id, input, due_at
UPDATE tasks
SET title = @title,
    type = @type,
    description = @description,
    priority = @priority,
    agent_id = @agent_id,
    workflow_id = @workflow_id,
    input = @input,
    due_at = @due_at,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: UpdateStatusMany :many
-- Set the status of many tasks. Returns those that exist.
UPDATE tasks
SET status = @status::task_status,
    completed_at = CASE WHEN @status::task_status IN ('completed', 'failed', 'cancelled') THEN now() END,
    updated_at = now()
WHERE id = ANY(@ids)
RETURNING *;

-- name: Delete :execrows
-- Delete a task with its executions and dependencies.
DELETE FROM tasks
WHERE id = @id;

-- name: DeleteMany :execrows
-- Delete many tasks with their executions and dependencies.
DELETE FROM tasks
WHERE id = ANY(@ids);

-- name: List :page
-- List the tasks, newest first.
-- @vet-ignore seq-scan without a filter, it is an administrator's list
-- @vet-ignore large-sort likewise
-- @optional agent_id, workflow_id, status, type, created_by, due_before
-- @sort created_at, updated_at, priority, title
SELECT * FROM tasks
WHERE agent_id = @agent_id
  AND workflow_id = @workflow_id
  AND status = ANY(@status)
  AND type = @type
  AND created_by = @created_by
  AND due_at < @due_before
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- Count the tasks.
-- @vet-ignore seq-scan without a filter, an administrator asks for it
-- @optional agent_id, workflow_id, status, type, created_by, due_before
SELECT count(*) FROM tasks
WHERE agent_id = @agent_id
  AND workflow_id = @workflow_id
  AND status = ANY(@status)
  AND type = @type
  AND created_by = @created_by
  AND due_at < @due_before;

-- name: GetByAgent :page
-- List the tasks of an agent, newest first.
SELECT * FROM tasks
WHERE agent_id = @agent_id
ORDER BY created_at DESC, id DESC;

-- name: GetByStatus :page
-- List the tasks with a status, newest first.
SELECT * FROM tasks
WHERE status = @status
ORDER BY created_at DESC, id DESC;

-- name: StartExecution :one
-- Start an attempt at a task that is pending or has failed.
WITH task AS (
    UPDATE tasks
    SET status = 'running',
        completed_at = NULL,
        updated_at = now()
    WHERE id = @task_id
      AND status IN ('pending', 'failed')
    RETURNING id, agent_id
)
INSERT INTO task_executions (task_id, agent_id, attempt)
SELECT task.id, task.agent_id,
       (SELECT coalesce(max(attempt), 0) + 1 FROM task_executions WHERE task_executions.task_id = task.id)
FROM task
RETURNING *;

-- name: FinishExecution :one
-- End an attempt as completed, failed or cancelled, and its task too unless the task has already ended.
WITH execution AS (
    UPDATE task_executions
    SET status = @status,
        output = sqlc.narg(output),
        error = sqlc.narg(error),
        completed_at = now()
    WHERE id = @execution_id
      AND status IN ('running', 'paused')
    RETURNING *
), task AS (
    UPDATE tasks
    SET status = execution.status::text::task_status,
        output = execution.output,
        completed_at = execution.completed_at,
        updated_at = now()
    FROM execution
    WHERE tasks.id = execution.task_id
      AND tasks.status = 'running'
)
SELECT * FROM execution;

-- name: GetExecutionHistory :many
-- List the attempts at a task, earliest first.
SELECT * FROM task_executions
WHERE task_id = @task_id
ORDER BY attempt;

-- name: AddDependency :exec
-- Make a task depend on another one. A cycle is refused.
INSERT INTO task_dependencies (task_id, depends_on_id)
VALUES (@task_id, @depends_on_id)
ON CONFLICT DO NOTHING;

-- name: RemoveDependency :execrows
-- Remove a dependency between two tasks.
DELETE FROM task_dependencies
WHERE task_id = @task_id
  AND depends_on_id = @depends_on_id;

-- name: GetDependencies :many
-- List the tasks that a task depends on, oldest first.
SELECT tasks.*
FROM task_dependencies AS dependency
JOIN tasks ON tasks.id = dependency.depends_on_id
WHERE dependency.task_id = @task_id
ORDER BY tasks.created_at, tasks.id;

-- name: GetReadyTasks :many
-- List the pending tasks whose dependencies are completed, in the order in which to run them.
-- @optional agent_id, workflow_id
SELECT * FROM tasks
WHERE status = 'pending'
  AND agent_id = @agent_id
  AND workflow_id = @workflow_id
  AND NOT EXISTS (
      SELECT 1
      FROM task_dependencies AS dependency
      JOIN tasks AS earlier ON earlier.id = dependency.depends_on_id
      WHERE dependency.task_id = tasks.id
        AND earlier.status <> 'completed'
  )
ORDER BY priority DESC, created_at, id
LIMIT @limit;

-- name: ResolveDependencies :many
-- Return a task and everything that must run before it, in an order that respects dependencies. Tasks of the same
-- level do not depend on each other; levels are counted from 0.
WITH RECURSIVE needed AS (
    SELECT @task_id::uuid AS id
    UNION
    SELECT dependency.depends_on_id
    FROM needed
    JOIN task_dependencies AS dependency ON dependency.task_id = needed.id
), levels AS (
    SELECT id, 0 AS level
    FROM needed
    WHERE NOT EXISTS (SELECT 1 FROM task_dependencies AS dependency WHERE dependency.task_id = needed.id)
    UNION
    SELECT needed.id, levels.level + 1
    FROM levels
    JOIN task_dependencies AS dependency ON dependency.depends_on_id = levels.id
    JOIN needed ON needed.id = dependency.task_id
)
SELECT sqlc.embed(task), latest.level
FROM (SELECT id, max(level) AS level FROM levels GROUP BY id) AS latest
JOIN tasks AS task ON task.id = latest.id
ORDER BY latest.level, task.priority DESC, task.created_at, task.id;
