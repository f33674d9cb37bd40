-- name: Create :one
-- Create one of the tasks.
INSERT INTO tasks (id, title) VALUES (@id, @title) RETURNING id, title AS label;

-- name: GetById :opt
-- Return one of the tasks.
SELECT * FROM tasks WHERE id = @id;

-- name: Import :copyfrom
-- Create many tasks.
INSERT INTO tasks (id, title) VALUES (@id, @title);
