-- name: UnknownParameter :many
-- @optional titel
SELECT * FROM tasks WHERE title = @title;

-- name: NoParameters :many
-- @optional title
SELECT * FROM tasks;

-- name: OutsideOfClauses :many
-- @optional most
SELECT * FROM tasks LIMIT @most;

-- name: InMerge :exec
-- @optional title
MERGE INTO tasks t USING owners o ON t.owner_id = o.id
WHEN MATCHED THEN UPDATE SET note = '', title = @title
WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- name: LeavesUnused :many
-- @optional low
SELECT * FROM tasks WHERE owner_id = 1 AND id BETWEEN @low AND @high;

-- name: BothKinds :exec
-- @optional title
UPDATE tasks SET note = '', title = @title WHERE title <> @title;

-- name: Repeated :many
-- @optional title,
--   the comma above is one too many
SELECT * FROM tasks WHERE title = @title;

-- name: Twice :many
-- @optional title, title
SELECT * FROM tasks WHERE title = @title;

-- name: NoNames :many
-- @optional
SELECT * FROM tasks WHERE title = @title;

-- name: InABatch :batchexec
-- @optional title
UPDATE tasks SET note = '', title = @title WHERE id = @id;

-- name: Refused :many
-- @optional title, least
SELECT t.* FROM owners o LEFT JOIN tasks t ON t.owner_id = o.id
WHERE o.name = @title AND t.id > @least
FOR UPDATE OF t;

-- name: FindsByVersion :one
-- @optional version
-- @optimistic version
UPDATE tasks SET title = @title, version = version + 1
WHERE id = @id AND version = @version
RETURNING *;
