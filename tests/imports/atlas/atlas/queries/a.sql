-- name: Route :one
SELECT * FROM routes WHERE path = $1;
