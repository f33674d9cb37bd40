-- name: GetTask :one
-- A task.
SELECT * FROM tasks WHERE id = @id;

-- name: GetStatus :one
-- Its status alone.
SELECT status FROM tasks WHERE id = @id;

-- name: GetDocument :one
-- Its status in a document.
SELECT jsonb_build_object('status', status) AS document FROM tasks WHERE id = @id;

-- name: AddTask :exec
-- Add a task.
INSERT INTO tasks (id, status, others) VALUES (@id, @status, @others);

-- name: FindTasks :many
-- Tasks by status.
SELECT id FROM tasks WHERE status = @status ORDER BY id;

-- name: CopyTasks :copyfrom
-- Add many.
INSERT INTO tasks (id, status) VALUES (@id, @status);

-- name: TakenNames :many
-- An enum whose labels are called so.
SELECT taken AS "taken!" FROM tasks WHERE taken IS NOT NULL ORDER BY id;
