-- name: GetTask
-- Says not what it gives back.
SELECT * FROM tasks WHERE id = @id;

-- name: GetOne :one
-- Return one task.
SELECT * FROM tasks WHERE id = @id;
