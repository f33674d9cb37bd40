-- name: ListTasks :many
-- Unknown column.
SELECT titel FROM tasks;
