-- name: D :one
SELECT 'one;
