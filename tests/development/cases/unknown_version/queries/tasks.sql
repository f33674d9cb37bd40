-- name: GetTasks :many
SELECT * FROM tasks;
