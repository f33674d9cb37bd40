-- name: Create :one
-- Create one of the users.
INSERT INTO users (id, name) VALUES (@id, @name) RETURNING id, name AS label;

-- name: GetById :opt
-- Return one of the users.
SELECT * FROM users WHERE id = @id;

-- name: Import :copyfrom
-- Create many users.
INSERT INTO users (id, name) VALUES (@id, @name);

-- name: Names :many
-- Names, and how long they are.
SELECT name, length(name) AS length FROM users ORDER BY name;
