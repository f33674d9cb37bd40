-- name: Create :one
-- Create an integration.
INSERT INTO integrations (tenant_id, name, provider, configuration, enabled)
VALUES (@tenant_id, @name, @provider, @configuration, @enabled)
RETURNING *;

-- name: GetById :opt
-- Return an integration, or None if the tenant has none with this id.
-- @cache ttl=5m negative=30s
SELECT * FROM integrations
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: GetByName :opt
-- Return the integration with this name, or None if the tenant has none.
-- @cache ttl=5m negative=30s
SELECT * FROM integrations
WHERE tenant_id = @tenant_id
  AND name = @name;

-- name: List :page
-- List the integrations of a tenant, newest first.
-- @optional provider, enabled
SELECT * FROM integrations
WHERE tenant_id = @tenant_id
  AND provider = @provider
  AND enabled = @enabled
ORDER BY created_at DESC, id DESC;

-- name: Update :one
-- Update an integration.
-- @optional name, provider, configuration, enabled
UPDATE integrations
SET name = @name,
    provider = @provider,
    configuration = @configuration,
    enabled = @enabled,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
RETURNING *;

-- name: RecordUse :execrows
-- Record that an integration was called.
UPDATE integrations
SET last_used_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: Delete :execrows
-- Delete an integration.
DELETE FROM integrations
WHERE tenant_id = @tenant_id
  AND id = @id;
