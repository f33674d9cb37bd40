-- name: ListTasks :many
-- Pressing tasks.
SELECT id, title FROM tasks
WHERE priority > @priority AND ORDER BY id;

-- name: CountTasks :one
-- How many there are.
SELECT count(* FROM tasks;

-- name: DropTask :exec
-- Ends too early.
DELETE FROM
