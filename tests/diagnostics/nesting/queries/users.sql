-- name: NothingTells :many
SELECT sqlc.embed(l), count(*) FROM users AS u LEFT JOIN loose AS l ON l.a = u.id
GROUP BY l.a, l.b;

-- name: HalfATable :one
WITH changed AS (UPDATE users SET name = @name WHERE id = @id RETURNING id, name)
SELECT sqlc.embed(changed) FROM changed;

-- name: TwoHalves :many
WITH mixed AS (SELECT a.id, b.name, a.email FROM users a LEFT JOIN users b ON b.id > a.id)
SELECT sqlc.embed(mixed) FROM mixed;

-- name: NotInTheResult :many
SELECT id FROM users WHERE exists (SELECT sqlc.embed(u) FROM users AS u);

-- name: MadeUp :many
SELECT array_agg(ROW(u.id, u.email, u.name)::users) AS users FROM users AS u;
