-- name: GetTask :one
-- Return a task.
-- @cache ttl=5m negative=30s
SELECT * FROM tasks WHERE id = @id;

-- name: FindTasks :many
-- Return the tasks with one of the ids.
-- @cache ttl=5m levels=l1
SELECT * FROM tasks WHERE id = ANY(@ids::int[]) ORDER BY id;

-- name: ListTenant :many
-- List the tasks of a tenant, with a title if one is given.
-- @optional title
-- @cache ttl=1m stale=10s
SELECT * FROM tasks WHERE tenant_id = @tenant_id AND title = @title ORDER BY id;

-- name: PageOfTenant :page
-- List the tasks of a tenant, page by page.
-- @cache ttl=1m
SELECT * FROM tasks WHERE tenant_id = @tenant_id ORDER BY id;

-- name: GetWithNotes :one
-- Return a task with its notes.
-- @cache ttl=1m
SELECT sqlc.embed(t), ARRAY(SELECT n.body FROM notes AS n WHERE n.task_id = t.id ORDER BY n.id) AS notes
FROM tasks AS t
WHERE t.id = @id;

-- name: CountTasks :one
-- Count all tasks.
-- @cache ttl=1m
SELECT count(*) FROM tasks;

-- name: RenameTask :one
-- Rename a task.
UPDATE tasks SET title = @title WHERE id = @id RETURNING *;

-- name: MoveTask :exec
-- Hand a task to another tenant.
UPDATE tasks SET tenant_id = @tenant_id WHERE id = @id;

-- name: AddTask :one
-- Add a task.
INSERT INTO tasks (id, tenant_id, title, tags, meta) VALUES (@id, @tenant_id, @title, @tags, @meta) RETURNING *;

-- name: AddTasks :copyfrom
-- Add many tasks.
INSERT INTO tasks (id, tenant_id, title) VALUES (@id, @tenant_id, @title);

-- name: RenameAll :execrows
-- Rename all tasks of a title.
UPDATE tasks SET title = @title WHERE title = @old_title;

-- name: RemoveTask :exec
-- Remove a task and its notes.
DELETE FROM tasks WHERE id = @id;

-- name: RemoveTasks :batchexec
-- Remove tasks.
DELETE FROM tasks WHERE id = @id;

-- name: RemoveOwner :exec
-- Remove an owner and its tasks.
DELETE FROM owners WHERE id = @id;

-- name: AddNote :one
-- Add a note to a task.
INSERT INTO notes (task_id, body) VALUES (@task_id, @body) RETURNING *;

-- name: DropNote :opt
-- Remove a note. Returns its task.
DELETE FROM notes WHERE id = @id RETURNING task_id;

-- name: TruncateNotes :exec
-- Remove all notes.
TRUNCATE notes;

-- name: ReadClock :one
-- Return the time.
SELECT clock_timestamp()::timestamptz AS "time!";
