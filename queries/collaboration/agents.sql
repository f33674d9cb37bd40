-- name: Register :one
-- Register an agent, or update its registration. Its status does not change.
INSERT INTO agents (tenant_id, id, name, capabilities, max_tasks, metadata)
VALUES (@tenant_id, @id, @name, @capabilities, @max_tasks, @metadata)
ON CONFLICT ON CONSTRAINT agents_pkey DO UPDATE
SET name = excluded.name,
    capabilities = excluded.capabilities,
    max_tasks = excluded.max_tasks,
    metadata = excluded.metadata,
    last_seen_at = now(),
    updated_at = now()
RETURNING *;

-- name: Get :one
-- Return an agent.
-- @cache ttl=5m
SELECT * FROM agents
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: List :page
-- List the agents of a tenant, by name. If capabilities are given, only those that have all of them.
-- @optional status, capabilities
-- @sort name, last_seen_at, created_at
SELECT * FROM agents
WHERE tenant_id = @tenant_id
  AND status = @status
  AND capabilities @> @capabilities
ORDER BY name, id;

-- name: SetStatus :one
-- Set whether an agent takes tasks.
UPDATE agents
SET status = @status,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
RETURNING *;

-- name: Heartbeat :execrows
-- Record that an agent is alive.
UPDATE agents
SET last_seen_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: Remove :execrows
-- Remove an agent from the tenant and its workspaces. Its tasks still name it.
DELETE FROM agents
WHERE tenant_id = @tenant_id
  AND id = @id;
