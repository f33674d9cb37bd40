-- name: Comment :one
INSERT INTO comments (post_id, body) VALUES ($1, $2) RETURNING *;
