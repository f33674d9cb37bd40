-- name: GetTask :one
-- A task.
SELECT id FROM tasks WHERE id = @id;
