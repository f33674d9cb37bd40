-- name: Row :one
-- A row of no type.
SELECT ROW(1, 2) AS pair;

-- name: Unused :one
-- The first parameter is nowhere.
SELECT id FROM tasks WHERE id = $2;
