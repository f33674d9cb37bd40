-- name: GetTask :one
SELECT id, size FROM tasks WHERE id = @id;
