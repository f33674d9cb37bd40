-- name: Other :many
-- Other tasks.
SELECT id FROM tasks;
