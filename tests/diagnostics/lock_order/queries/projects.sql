-- @transaction retitle: SetName(id=project_id), tasks.SetTitle, LockAll
-- @transaction close: CloseAll

-- name: SetName :exec
-- Rename a project.
UPDATE projects SET name = @name WHERE id = @id;

-- name: LockAll :many
-- Lock the tasks of a project.
SELECT id FROM tasks WHERE project_id = @project_id FOR UPDATE;

-- name: CloseAll :exec
-- Close the tasks of a project.
UPDATE tasks SET size = 0 WHERE project_id = @project_id;
