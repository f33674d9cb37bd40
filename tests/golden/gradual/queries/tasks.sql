-- name: GetTask :one
SELECT * FROM tasks WHERE id = @id;

-- name: AddTask :exec
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: ListMigrations :many
SELECT * FROM repository_migrations;
