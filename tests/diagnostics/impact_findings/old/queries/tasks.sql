-- name: GetNote :opt
-- Return the note of a task.
SELECT note FROM tasks WHERE id = @id;

-- name: GetStatus :many
-- Return the statuses.
SELECT status FROM tasks;

-- name: GetSize :many
-- Return the sizes.
SELECT size FROM tasks;

-- name: SetSize :exec
-- Change the size of a task.
UPDATE tasks SET size = @size WHERE id = @id;

-- name: GetTitle :many
-- Return the titles.
SELECT title FROM tasks;

-- name: AddTask :exec
-- Add a task.
INSERT INTO tasks (id, note, status, title) VALUES (@id, @note, 'open', @title);
