-- name: CreateTask :one
-- Add a task and return it as it was stored.
INSERT INTO tasks (title, note)
VALUES (@title, @note)
RETURNING *;

-- name: GetTask :one
-- Return one task.
SELECT * FROM tasks WHERE id = @id;

-- name: ListTasks :many
-- The tasks of one status, the oldest first.
SELECT * FROM tasks WHERE status = @status ORDER BY id;

-- name: FinishTask :execrows
-- Mark a task as done; tells how many were open, 0 or 1.
UPDATE tasks SET status = 'done' WHERE id = @id AND status = 'open';

-- name: CountTasks :many
-- How many tasks there are of each status.
SELECT status, count(*) AS tasks FROM tasks GROUP BY status ORDER BY status;
