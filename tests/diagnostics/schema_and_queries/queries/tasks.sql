CREATE TABLE tasks (id int PRIMARY KEY, title text);

-- name: GetTask :one
-- A task.
SELECT * FROM tasks WHERE id = @id;
CREATE INDEX tasks_title ON tasks (title);

-- name: Mistaken :many
-- A column that is not there.
SELECT titel FROM tasks;
