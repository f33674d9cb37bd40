-- name: GetTask :one
-- Return a task.
-- @cache ttl=5m
SELECT * FROM tasks WHERE id = @id;
