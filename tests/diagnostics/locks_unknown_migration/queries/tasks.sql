-- name: GetTask :opt
-- Return a task.
SELECT id, title FROM tasks WHERE id = @id;

-- name: AddTask :exec
-- Add a task.
INSERT INTO tasks (id, project_id, title) VALUES (@id, @project_id, @title);

-- name: DropProject :exec
-- Delete a project.
DELETE FROM projects WHERE id = @id;
