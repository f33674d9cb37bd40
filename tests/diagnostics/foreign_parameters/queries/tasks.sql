-- name: ByColon :many
-- By colon.
SELECT id FROM tasks WHERE id = :id;

-- name: ByMark :many
-- By question mark.
SELECT id FROM tasks WHERE id = ?;

-- name: ByPercent :many
-- By percent sign.
SELECT id FROM tasks WHERE id = %(id)s;

-- name: Glued :many
-- Glued to an operator.
SELECT title||@suffix AS title FROM tasks;

-- name: GluedToAnOperatorOfThePostgres :many
-- Glued to an operator that exists.
SELECT id FROM tasks WHERE ARRAY[id] <@ids;

-- name: InString :many
-- In a string.
SELECT id FROM tasks WHERE title LIKE '%$1%';

-- name: InDollarQuotes :many
-- In dollar quotes.
SELECT id FROM tasks WHERE title LIKE $$%$1%$$;

-- name: Apart :many
-- Apart from its name.
SELECT id FROM tasks WHERE id = @ id;
