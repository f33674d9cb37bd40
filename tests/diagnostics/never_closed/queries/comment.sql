-- name: A :one
SELECT 1 /* one
;
