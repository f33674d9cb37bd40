-- name: FromSelect :copyfrom
-- Not VALUES.
INSERT INTO tasks (id, title) SELECT $1::integer, $2::text;

-- name: SeveralRows :copyfrom
-- Not one row.
INSERT INTO tasks (id, title) VALUES ($1, $2), ($3, $4);

-- name: NoInsert :copyfrom
-- No INSERT at all.
UPDATE tasks SET title = @title WHERE id = @id;

-- name: FromWith :copyfrom
-- VALUES, and yet not the INSERT itself.
WITH rows AS (VALUES ($1::integer, $2::text)) INSERT INTO tasks (id, title) TABLE rows;
