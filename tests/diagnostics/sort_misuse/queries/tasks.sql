-- name: Unordered :many
-- @sort title
SELECT * FROM tasks;

-- name: UnknownColumn :many
-- @sort titel, owner
SELECT * FROM tasks ORDER BY id;

-- name: Ambiguous :many
-- @sort id
SELECT t.id, o.id FROM tasks t JOIN owners o ON o.id = t.owner_id ORDER BY t.id;

-- name: OneRow :one
-- @sort title
SELECT * FROM tasks WHERE id = @id ORDER BY id;

-- name: Written :many
-- @sort title
INSERT INTO tasks (owner_id, title)
SELECT 1, name FROM owners ORDER BY name RETURNING *;

-- name: Malformed :many
-- @sort title desc, note nulls last
SELECT * FROM tasks ORDER BY id;

-- name: Refused :many
-- @sort count
SELECT DISTINCT ON (owner_id) owner_id, title, count(*) OVER () AS count
FROM tasks ORDER BY owner_id, id;

-- name: Renamed :many
-- The titles.
-- @sort title
SELECT title FROM tasks WHERE title > @sort ORDER BY id;

-- name: Limited :many
-- @sort title
SELECT id, title FROM tasks ORDER BY id LIMIT @most;

-- name: Tied :stream
-- @sort title
SELECT id, title FROM tasks ORDER BY version FETCH FIRST 3 ROWS WITH TIES;

-- name: Inside :many
-- The first ten, in another order.
-- @sort title
SELECT * FROM (SELECT id, title FROM tasks ORDER BY id LIMIT 10) AS kept ORDER BY id;
