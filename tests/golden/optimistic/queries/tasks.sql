-- name: UpdateTask :one
-- Rename a task of a tenant.
-- @optimistic version
UPDATE tasks SET title = @title, version = version + 1
WHERE id = @id AND tenant_id = @tenant_id AND version = @version
RETURNING *;

-- name: UpdateWithLock :execrows
-- Rename a task that nobody else has locked.
-- @optimistic version
UPDATE tasks AS t SET title = @title, lock_owner = @me::text, version = @version + 1
WHERE (t.id = @id AND @version = t.version) AND (lock_owner = @me OR lock_owner IS NULL);

-- name: DeleteTask :exec
-- Delete a task.
-- @optimistic version
DELETE FROM ONLY tasks AS gone USING (VALUES (1)) AS other (n)
WHERE gone.version = @version AND other.n = 1 AND gone.id = @id;

-- name: PutTask :one
-- Write a task, over the version that was read.
-- @optimistic version
INSERT INTO tasks (id, tenant_id, title) VALUES (@id, @tenant_id, @title)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, version = 1 + tasks.version
WHERE tasks.version = @version
RETURNING version;

-- name: FindAndUpdateDocument :opt
-- Write a document, if there is one.
-- @optimistic revision
WITH loud AS (SELECT upper(@body) AS body)
UPDATE documents AS d SET body = (SELECT body FROM loud), revision = gen_random_uuid()
WHERE d.language = @language AND d.slug = @slug -- the primary key
  AND d.revision = @revision
RETURNING *;
