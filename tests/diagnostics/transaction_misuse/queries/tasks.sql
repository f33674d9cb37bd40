-- @transaction
-- @transaction close: GetTsk, AddTask(project=x)
-- @transaction open: GetTask AddTask
-- @transaction add: AddTask(id)
-- @transaction twice: GetTask
-- @transaction twice: AddTask
-- @transactions later: GetTask

-- name: GetTask :opt
-- Return a task.
SELECT id, title FROM tasks WHERE id = @id;

-- name: AddTask :exec
-- Add a task.
INSERT INTO tasks (id, project_id, title) VALUES (@id, @project_id, @title);

-- name: DropProject :exec
-- Delete a project.
DELETE FROM projects WHERE id = @id;
