-- name: GetOne :one
-- One.
SELECT 1 AS one;
