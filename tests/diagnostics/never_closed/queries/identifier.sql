-- name: C :one
SELECT "one;
