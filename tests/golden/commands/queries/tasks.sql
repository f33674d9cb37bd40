-- name: GetTask :one
-- Return one task.
--
-- The note may be missing.
SELECT * FROM tasks WHERE id = $1;

-- name: CountTasks :one
SELECT count(*) FROM tasks WHERE tenant_id = @tenant_id;

-- name: FindTask :opt
-- The tenant's task of that title, if there is one.
SELECT * FROM tasks WHERE tenant_id = @tenant_id AND title = @title;

-- name: FindNote :opt
SELECT note FROM tasks WHERE id = @id;

-- name: ListTasks :many
SELECT id, title FROM tasks WHERE tenant_id = @tenant_id ORDER BY id;

-- name: ListTitles :many
SELECT title FROM tasks WHERE id = ANY (@ids::bigint[]) ORDER BY title;

-- name: StreamTasks :stream
SELECT * FROM tasks ORDER BY id;

-- name: CreateTask :one
INSERT INTO tasks (tenant_id, title, note) VALUES (@tenant_id, @title, @note) RETURNING *;

-- name: CreateAndGetId :execlastid
INSERT INTO tasks (tenant_id, title) VALUES (@tenant_id, @title) RETURNING id;

-- name: RetitleTask :exec
UPDATE tasks SET title = @title WHERE id = @id;

-- name: DeleteTasks :execrows
DELETE FROM tasks WHERE tenant_id = @tenant_id;

-- name: MoveTasks :execresult
UPDATE tasks SET tenant_id = @target WHERE tenant_id = @source;

-- name: LockTask :one
SELECT * FROM tasks WHERE id = @id FOR UPDATE;

-- name: CopyTasks :copyfrom
INSERT INTO tasks (tenant_id, title, note) VALUES (@tenant_id, @title, @note);

-- name: CopyOut :copyto
SELECT id, title FROM tasks WHERE tenant_id = @tenant_id ORDER BY id;

-- name: RetitleTasks :batchexec
UPDATE tasks SET title = @title WHERE id = @id;

-- name: DeleteEach :batchexec
DELETE FROM tasks WHERE id = @id;

-- name: GetEach :batchone
SELECT * FROM tasks WHERE id = @id;

-- name: ListEach :batchmany
SELECT title FROM tasks WHERE tenant_id = @tenant_id ORDER BY id;
