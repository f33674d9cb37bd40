-- name: GetTask :one
-- Return one task.
SELECT * FROM tasks WHERE id = @id;
