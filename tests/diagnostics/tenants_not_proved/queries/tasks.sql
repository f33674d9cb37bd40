-- name: GetTask :opt
-- Return one task.
SELECT * FROM tasks WHERE id = @id;

-- name: ListTasks :many
-- List the tasks with their projects.
SELECT t.title, p.name
FROM tasks t
JOIN projects p ON p.id = t.project_id
WHERE t.tenant_id = @tenant_id;

-- name: CountTasks :many
-- Count the tasks of each project.
SELECT * FROM counts;

-- name: NewestTask :one
-- Return the newest title.
SELECT newest();

-- name: AddTask :exec
-- Add a task.
INSERT INTO tasks (tenant_id, id, project_id, title) VALUES (1, @id, @project_id, @title);

-- name: MoveTask :exec
-- Give a task to another tenant.
UPDATE tasks SET tenant_id = @new_tenant WHERE tenant_id = @tenant_id AND id = @id;

-- name: RenameTask :exec
-- Write a task.
INSERT INTO tasks (tenant_id, id, project_id, title)
VALUES (@tenant_id, @id, @project_id, @title)
ON CONFLICT (id) DO UPDATE SET title = excluded.title;

-- name: DeleteProject :exec
-- Delete a project with its tasks.
DELETE FROM projects WHERE tenant_id = @tenant_id AND id = @id;

-- name: CountAll :one
-- Count the tasks of all tenants.
-- @across-tenants for the bill
SELECT count(*) FROM tasks;

-- name: CountOwn :one
-- Count the tasks of a tenant.
-- @across-tenants not needed
SELECT count(*) FROM tasks WHERE tenant_id = @tenant_id;

-- name: Vacuum :exec
-- Vacuum.
VACUUM tasks;
