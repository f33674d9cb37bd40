-- name: CreateTask :one
-- Returns nothing.
INSERT INTO tasks (title) VALUES (@title);
