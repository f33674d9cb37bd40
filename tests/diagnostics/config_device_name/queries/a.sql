-- name: A :one
SELECT 1;
