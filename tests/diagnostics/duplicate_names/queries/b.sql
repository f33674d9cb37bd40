-- name: CountTasks :one
-- How many.
SELECT count(*) FROM tasks;

-- name: GetTask :one
-- Return one task.
SELECT * FROM tasks WHERE id = @id;

-- name: CountTasks :many
-- How many, again.
SELECT count(*) FROM tasks;
