-- name: Never :many
-- @replica never
SELECT title FROM tasks;

-- name: Sometimes :many
-- @replica sometimes
SELECT title FROM tasks;

-- name: Nothing :many
-- @replica
SELECT title FROM tasks;

-- name: Twice :many
-- @replica never
-- @replica never
SELECT title FROM tasks;

-- name: Rename :exec
-- @replica never
UPDATE tasks SET title = @title WHERE id = @id;

-- name: Lock :one
-- @replica never
SELECT title FROM tasks WHERE id = @id FOR UPDATE;

-- name: Events :listen
-- @replica never
LISTEN tasks;
