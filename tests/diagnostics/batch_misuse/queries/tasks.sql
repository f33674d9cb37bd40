-- name: NoParameters :batchexec
-- For many of nothing.
DELETE FROM tasks WHERE id = 1;

-- name: NoReturning :batchmany
-- Nothing comes back.
UPDATE tasks SET title = @title WHERE id = @id;

-- name: ManyRows :batchone
-- Several rows of a note.
SELECT id FROM tasks WHERE note = @note;
