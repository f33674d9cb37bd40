-- name: OrdersOf :many
SELECT o.*, u.name FROM orders o JOIN users u USING (user_id) WHERE user_id = $1;
