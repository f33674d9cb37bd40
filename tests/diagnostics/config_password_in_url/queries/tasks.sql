-- name: ListTasks :many
-- All tasks.
SELECT id FROM task;
