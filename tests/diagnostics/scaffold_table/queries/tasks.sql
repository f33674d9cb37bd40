-- name: GetTask :one
-- A task.
SELECT * FROM tasks WHERE id = @id;
