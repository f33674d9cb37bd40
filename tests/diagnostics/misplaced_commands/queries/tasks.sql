-- name: NothingToReturn :many
-- Returns nothing.
UPDATE tasks SET done = true WHERE id = @id;

-- name: NoColumns :copyto
-- Lines without columns.
SELECT FROM tasks WHERE id = @id;

-- name: LastTitle :execlastid
-- A title is no number.
INSERT INTO tasks (id, title, done) VALUES (@id, @title, false) RETURNING title;

-- name: NoRows :one
-- Locks a table.
LOCK TABLE tasks;

-- name: CopyOut :exec
-- Rows that nobody takes.
COPY tasks TO STDOUT;
