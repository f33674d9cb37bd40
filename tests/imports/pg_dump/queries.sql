-- name: Customer :one
SELECT id, email, "Notes" FROM public.customers WHERE id = $1;

-- name: Similar :many
SELECT name, public.similarity(name, @wanted) AS score FROM public.customers ORDER BY score DESC LIMIT 5;

-- name: Log :many
SELECT * FROM audit.log WHERE at > $1;

-- name: Token :one
SELECT encode(public.digest(@value::text, 'sha256'), 'hex');
