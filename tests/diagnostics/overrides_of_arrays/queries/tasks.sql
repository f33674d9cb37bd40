-- name: ListTasks :many
SELECT * FROM tasks;
