-- name: CreateTask :one
-- Add a task.
INSERT INTO tasks (tenant_id, title, assigned_to, priority, deadline, created_at)
VALUES (@tenant_id, @title, @assigned_to, @priority, @deadline, @created_at)
RETURNING id;

-- name: ListTasks :page
-- The tenant's tasks, the newest first.
-- @optional status, assigned_to, created_after
-- @sort created_at, priority, deadline
SELECT * FROM tasks
WHERE tenant_id = @tenant_id
  AND status = ANY(@status)
  AND assigned_to = @assigned_to
  AND created_at > @created_after
  AND deleted_at IS NULL
ORDER BY created_at DESC, id DESC;

-- name: UpdateTask :one
-- Change a task.
-- @optional title, description, priority
-- @optimistic version
UPDATE tasks SET title = @title, description = @description, priority = @priority,
                 version = version + 1, updated_at = now()
WHERE id = @id AND version = @version
RETURNING *;

-- name: PatchTask :exec
-- Change what is given of a task, and nothing else.
-- @optional title, description, token
UPDATE tasks SET title = @title, description = @description, token = @token
WHERE id = @id;

-- name: SearchTasks :many
-- Tasks by their title, those due first at the top.
-- @optional pattern
-- @sort title, deadline nulls last
SELECT id, title, deadline FROM tasks
WHERE title ILIKE @pattern
ORDER BY deadline NULLS FIRST, id;

-- name: StreamTitles :stream
-- All titles.
-- @sort title
SELECT title FROM tasks ORDER BY id;

-- name: ListTitles :page
-- Titles, page by page.
SELECT title, id FROM tasks WHERE priority >= @limit ORDER BY title, id;

-- name: ExportTitles :copyto
-- Titles as a file.
-- @optional least
-- @sort title
SELECT id, title FROM tasks WHERE priority >= @least ORDER BY id;

-- name: CountByToken :one
-- How many tasks there are, with a token or at all.
-- @optional token
SELECT count(*) FROM tasks WHERE token = @token;
