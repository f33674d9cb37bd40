-- name: Get :one
-- Return a task.
-- @cache ttl=5m
SELECT * FROM tasks WHERE id = @id;

-- name: Rename :exec
-- Rename a task.
UPDATE tasks SET title = @title WHERE id = @id;

-- name: RenameAll :exec
-- Rename all tasks of a title.
UPDATE tasks SET title = @title WHERE title = @old_title;
