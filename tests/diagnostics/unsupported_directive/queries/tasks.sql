-- name: GetTask :one
-- @cache ttl=5m
SELECT id FROM tasks WHERE id = @id;
