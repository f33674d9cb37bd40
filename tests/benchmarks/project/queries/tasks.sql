-- name: GetTask :one
-- One task.
SELECT * FROM tasks WHERE id = @id;

-- name: ListTasks :many
-- Some tasks of a tenant.
SELECT * FROM tasks WHERE tenant_id = @tenant_id LIMIT @row_limit::bigint;

-- name: CreateTask :one
-- Stores a task and returns it.
INSERT INTO tasks (id, tenant_id, type, status, priority, created_by, assigned_to, parent_task_id, title,
    description, parameters, result, error, max_retries, retry_count, timeout_seconds, created_at, assigned_at,
    started_at, completed_at, updated_at, deleted_at, version)
VALUES (@id, @tenant_id, @type, @status, @priority, @created_by, @assigned_to, @parent_task_id, @title,
    @description, @parameters, @result, @error, @max_retries, @retry_count, @timeout_seconds, @created_at,
    @assigned_at, @started_at, @completed_at, @updated_at, @deleted_at, @version)
RETURNING *;

-- name: InsertTasks :batchexec
-- Stores tasks one by one, in one pipeline.
INSERT INTO tasks (id, tenant_id, type, status, priority, created_by, assigned_to, parent_task_id, title,
    description, parameters, result, error, max_retries, retry_count, timeout_seconds, created_at, assigned_at,
    started_at, completed_at, updated_at, deleted_at, version)
VALUES (@id, @tenant_id, @type, @status, @priority, @created_by, @assigned_to, @parent_task_id, @title,
    @description, @parameters, @result, @error, @max_retries, @retry_count, @timeout_seconds, @created_at,
    @assigned_at, @started_at, @completed_at, @updated_at, @deleted_at, @version);

-- name: CopyTasks :copyfrom
-- Stores tasks by COPY.
INSERT INTO tasks_in (id, tenant_id, type, status, priority, created_by, assigned_to, parent_task_id, title,
    description, parameters, result, error, max_retries, retry_count, timeout_seconds, created_at, assigned_at,
    started_at, completed_at, updated_at, deleted_at, version)
VALUES (@id, @tenant_id, @type, @status, @priority, @created_by, @assigned_to, @parent_task_id, @title,
    @description, @parameters, @result, @error, @max_retries, @retry_count, @timeout_seconds, @created_at,
    @assigned_at, @started_at, @completed_at, @updated_at, @deleted_at, @version);

-- name: RenameTask :opt
-- Renames a task if it is still at that version.
UPDATE tasks SET title = @title, version = version + 1, updated_at = now()
WHERE id = @id AND version = @version
RETURNING *;

-- name: CountRetry :exec
-- One more attempt.
UPDATE tasks SET retry_count = retry_count + 1 WHERE id = @id;

-- name: StreamPoints :stream
-- All points.
SELECT * FROM points;

-- name: CopyPoints :copyfrom
-- Stores points by COPY.
INSERT INTO points_in (id, x, label) VALUES (@id, @x, @label);

-- name: PageTasks :page
-- A tenant's tasks, page by page.
SELECT * FROM tasks WHERE tenant_id = @tenant_id ORDER BY created_at DESC, id DESC;
