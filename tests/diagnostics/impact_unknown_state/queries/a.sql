-- name: A :many
-- All.
SELECT id FROM a;
