-- name: B :one
SELECT $a$ one;
