-- name: ListTasks :many
-- Tasks that are more pressing than that.
SELECT id, titel FROM tasks
WHERE priority > sqlc.arg(priority) AND dew < sqlc.narg(due)
ORDER BY id;
