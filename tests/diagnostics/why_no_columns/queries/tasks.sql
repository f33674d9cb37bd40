-- name: FinishTask :exec
UPDATE tasks SET done = true WHERE id = $1;
