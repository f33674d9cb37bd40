-- name: FindUser :opt
-- Deleted users may share an address.
SELECT id FROM users WHERE email = @email;

-- name: FindLiveUser :opt
-- The others do not.
SELECT id FROM users WHERE email = @email AND deleted_at IS NULL;

-- name: Retitle :one
-- Which one comes back?
UPDATE tasks SET title = @title WHERE owner_id = @owner_id RETURNING id;

-- name: RetitleAll :exec
-- Really all of them.
UPDATE tasks SET title = @title;

-- name: Forget :exec
-- Really all of them.
DELETE FROM tasks;

-- name: ForgetSome :execrows
-- Or all of them.
-- @optional owner_id, title
DELETE FROM tasks WHERE owner_id = @owner_id AND (title = @title);

-- name: CountForgotten :one
-- Or all of them.
-- @optional owner_id
WITH forgotten AS (DELETE FROM tasks WHERE owner_id = @owner_id RETURNING id)
SELECT count(*) FROM forgotten;

-- name: ForgetAny :execrows
-- All of them, if that is what it takes.
-- @optional owner_id
DELETE FROM tasks WHERE true AND owner_id = @owner_id;

-- name: Export :copyto
-- The columns of the day.
SELECT * FROM tasks;

-- name: Pairs :many
-- Everybody's tasks are everybody's.
SELECT u.email, t.title FROM users u, tasks t;

-- name: Note :many
-- Needless.
SELECT title AS "title!" FROM tasks;

-- name: Untold :many
SELECT id FROM tasks;
