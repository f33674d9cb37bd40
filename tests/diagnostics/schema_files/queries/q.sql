-- name: Ping :one
-- Answer one.
SELECT 1 AS one;
