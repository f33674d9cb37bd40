-- name: a b :one
-- Not a name.
SELECT 1;

-- name: Fine :one
-- Cannot be judged.
SELECT 1;
