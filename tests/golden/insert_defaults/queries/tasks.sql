-- name: CreateTask :one
-- Add a task; what is not given takes its column's default.
-- @optional note, status, owner, rank, kind
INSERT INTO tasks (title, note, status, owner, rank, kind)
VALUES (@title, @note, lower(@status), @owner, @rank, @kind)
RETURNING id, title, note, status, owner, rank, kind, doubled;

-- name: CreateBlank :one
-- Add a task without a title.
-- @optional id, note, suffix
INSERT INTO tasks (id, title, note) OVERRIDING SYSTEM VALUE
VALUES (@id, 'blank', @note || @suffix)
RETURNING id, note;

-- name: CreatePair :many
-- Add two tasks of one owner.
-- @optional owner, note
INSERT INTO tasks (title, owner, note)
VALUES (@first, @owner, @note), (@second, @owner, 'second')
RETURNING title, owner, note;

-- name: PutTask :one
-- Add a task or change what is given of it.
-- @optional note, owner
INSERT INTO tasks AS t (slug, title, note, owner)
VALUES (@slug, @title, @note, @owner)
ON CONFLICT (slug) DO UPDATE
    SET title = EXCLUDED.title, note = @note, owner = @owner
RETURNING id, title, note, owner;

-- name: TouchTask :one
-- Add a task, or change its note alone.
-- @optional note
INSERT INTO tasks (slug, title, note) VALUES (@slug, @title, @note)
ON CONFLICT (slug) DO UPDATE SET note = @note
RETURNING id, note;

-- name: CreateInPassing :one
-- Add a task in a CTE.
-- @optional owner
WITH made AS (
    INSERT INTO tasks (title, owner) VALUES (@title, @owner) RETURNING owner, id
)
SELECT owner FROM made;

-- name: MergeTask :exec
-- Add a task unless it is there.
-- @optional owner
MERGE INTO tasks t USING (SELECT) s ON t.slug = @slug
WHEN NOT MATCHED THEN
    INSERT (slug, title, owner) VALUES (@slug, @title, @owner)
WHEN MATCHED AND (t.note = 'obsolete') THEN DELETE;

-- name: CreateAsOthers :one
-- Add a task with the owner of a task of that rank.
-- @optional owner, rank
INSERT INTO tasks (title, owner)
VALUES (@title, (SELECT @owner || max(o.owner) FROM tasks o WHERE o.rank = @rank))
RETURNING owner;

-- name: CreateInView :one
-- Add a task through a view that has a default of its own.
-- @optional owner
INSERT INTO open_tasks (title, owner) VALUES (@title, @owner) RETURNING owner;

-- name: PatchTask :one
-- Change what is given of a task.
-- @optional title, kind
UPDATE tasks SET title = @title, kind = @kind WHERE id = @id RETURNING title, kind;
