-- name: Sold :one
SELECT * FROM sold WHERE id = $1;

-- name: Sell :exec
INSERT INTO tickets (event_id, seat, price) VALUES ($1, $2, $3);
