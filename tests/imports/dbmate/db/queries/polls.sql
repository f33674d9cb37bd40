-- name: Results :many
SELECT p.question, v.choice, count(*) FROM polls p JOIN votes v ON v.poll_id = p.id GROUP BY 1, 2;

-- name: Ask :one
INSERT INTO polls (question) VALUES ($1) RETURNING id;
