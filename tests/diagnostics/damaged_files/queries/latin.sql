-- name: A :one
SELECT 'é';
