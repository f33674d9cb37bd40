-- name: GetDebtor :one
SELECT * FROM billing.people WHERE id = $1;

-- name: CreateDebtor :exec
INSERT INTO billing.people (id, mood, amount) VALUES (@id, @mood, @amount);

-- name: SumByMood :many
SELECT mood, sum(amount) AS total FROM billing.people GROUP BY mood ORDER BY mood;
