-- name: NoColumn :one
-- @optimistic
UPDATE tasks SET version = version + 1 WHERE id = @id AND version = @version RETURNING *;

-- name: TwoColumns :one
-- @optimistic version, title
UPDATE tasks SET version = version + 1 WHERE id = @id AND version = @version RETURNING *;

-- name: NoSuchColumn :one
-- @optimistic versoin
UPDATE tasks SET version = version + 1 WHERE id = @id AND version = @version RETURNING *;

-- name: NoWrite :one
-- @optimistic version
SELECT * FROM tasks WHERE id = @id AND version = @version;

-- name: NoConflict :exec
-- @optimistic version
INSERT INTO tasks VALUES (@id, NULL, '', @version) ON CONFLICT DO NOTHING;

-- name: ManyRows :many
-- @optimistic version
UPDATE tasks SET version = version + 1 WHERE id = @id AND version = @version RETURNING *;

-- name: NoComparison :exec
-- @optimistic version
UPDATE tasks SET version = version + 1 WHERE id = @id AND version >= @version;

-- name: NotInTheConflict :exec
-- @optimistic version
INSERT INTO tasks VALUES (@id, NULL, '', @version)
ON CONFLICT (id) DO UPDATE SET version = tasks.version + 1 WHERE tasks.title <> '';

-- name: NotSet :exec
-- @optimistic version
UPDATE tasks SET title = @title WHERE id = @id AND version = @version;

-- name: SetByTheCaller :exec
-- @optimistic version
UPDATE tasks SET title = @title, version = @new_version WHERE id = @id AND version = @version;

-- name: SetToItself :exec
-- @optimistic version
UPDATE tasks SET version = version + 0 WHERE id = @id AND version = @version;

-- name: NoKey :exec
-- @optimistic version
UPDATE tasks SET version = version + 1 WHERE title = @title AND version = @version;

-- name: RowOfKeyAndVersion :exec
-- @optimistic version
DELETE FROM tasks WHERE (id, version) = (@id, @version);

-- name: ConflictOfAnExpression :exec
-- @optimistic version
INSERT INTO tasks VALUES (@id, @slug, '', 1) ON CONFLICT (lower(slug))
DO UPDATE SET version = tasks.version + 1 WHERE tasks.version = @version;

-- name: AmbiguousThere :exec
-- @optimistic version
WITH wanted AS (SELECT 1 AS id)
UPDATE tasks SET version = version + 1 FROM wanted
WHERE tasks.id = (SELECT id FROM wanted) AND version = @version;

-- name: ThroughAView :exec
-- @optimistic version
DELETE FROM numbered WHERE id = @id AND number = @number;
