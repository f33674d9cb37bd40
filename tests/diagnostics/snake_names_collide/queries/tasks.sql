-- name: ListTasks :many
-- A whole row.
SELECT * FROM tasks;

-- name: Dates :many
-- Two columns and two parameters.
SELECT id AS "taskId", id AS task_id FROM tasks WHERE id = @taskId AND id > @task_id;

-- name: ListNotes :many
-- One of the names is another.
SELECT * FROM notes;
