-- name: NotSupported :many
-- Joins what cannot be merged.
SELECT tasks.id FROM tasks FULL JOIN users ON tasks.owner_id < users.id;

-- name: InvalidLiteral :one
-- A number that is none.
SELECT 'many'::int;

-- name: InvalidPattern :many
-- A pattern that is none.
SELECT id FROM tasks WHERE title ~ '(';

-- name: UnknownSchema :one
-- A function in a schema that is not there.
SELECT nowhere.answer(1);

-- name: DuplicateColumn :exec
-- A column twice.
INSERT INTO users (id, id) VALUES (1, 2);

-- name: AmbiguousColumn :many
-- Both tables have one.
SELECT id FROM tasks, users WHERE owner_id = users.id;

-- name: UnknownType :one
-- A type that is not there.
SELECT 1::money_bag;

-- name: DuplicateAlias :many
-- Two tables under one name.
SELECT 1 FROM tasks t, users t;

-- name: AmbiguousFunction :one
-- A sum of nothing known.
SELECT $1 + $2;

-- name: InvalidGrouping :many
-- A column that is not grouped by.
SELECT title, count(*) FROM tasks;

-- name: TypeMismatch :one
-- A condition that is none.
SELECT CASE WHEN 1 THEN 2 END;

-- name: WrongObject :many
-- DISTINCT of no aggregate.
SELECT lower(DISTINCT title) FROM tasks;

-- name: InvalidCast :one
-- A date of a truth value.
SELECT true::date;

-- name: UnknownFunction :one
-- A function that is not there.
SELECT answer(1);

-- name: AmbiguousParameter :exec
-- Two types for one parameter.
INSERT INTO users (id, name) VALUES ($1, $1);

-- name: AmbiguousTable :many
-- Two tables of one name.
SELECT users.id FROM users, other.users;

-- name: InvalidReference :exec
-- No unique key to conflict with.
INSERT INTO users (id, name) VALUES (@id, @name) ON CONFLICT (name) DO NOTHING;

-- name: InvalidRecursion :many
-- An aggregate in the recursion.
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT max(i) FROM n) SELECT i FROM n;

-- name: InvalidWindow :many
-- A window twice.
SELECT count(*) OVER w FROM tasks WINDOW w AS (), w AS ();

-- name: CollationMismatch :one
-- Two collations.
SELECT ('a' COLLATE "C") < ('b' COLLATE "POSIX");

-- name: Otherwise :one
-- More digits than there can be.
SELECT '1'::numeric(2000);
