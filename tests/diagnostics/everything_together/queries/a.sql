-- name: GetTask :once
-- Unknown command.
SELECT 1;

-- name: Purge :exec
-- No WHERE: a warning.
DELETE FROM tasks;
