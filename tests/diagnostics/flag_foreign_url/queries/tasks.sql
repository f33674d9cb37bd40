-- name: GetTitle :one
-- The title of a task.
SELECT title FROM tasks WHERE id = @id;
