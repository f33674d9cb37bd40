-- name: CreateFlow :one
-- Create a flow as a draft.
INSERT INTO conversation_flows (
    tenant_id, name, version, description, flow_definition, tags, created_by, updated_by
)
VALUES (@tenant_id, @name, @version, @description, @flow_definition, @tags, @created_by, @created_by)
RETURNING *;

-- name: GetByTenantAndId :opt
-- Return a flow, or None if the tenant has none with this id.
-- @cache ttl=5m negative=30s
SELECT * FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: GetFlowByNameAndVersion :opt
-- Return a version of a flow, or None if it does not exist.
-- @cache ttl=5m negative=30s
SELECT * FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND name = @name
  AND version = @version;

-- name: GetByTenant :page
-- List the flows of a tenant, most recently changed first. If tags are given, only those that have all of them.
-- @optional name, status, tags, created_by, updated_after
-- @sort updated_at, created_at, name, usage_count
SELECT * FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND name = @name
  AND status = ANY(@status)
  AND tags @> @tags
  AND created_by = @created_by
  AND updated_at > @updated_after
ORDER BY updated_at DESC, id DESC;

-- name: CountByTenant :one
-- Count the flows of a tenant.
-- @optional name, status, tags, created_by, updated_after
SELECT count(*) FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND name = @name
  AND status = ANY(@status)
  AND tags @> @tags
  AND created_by = @created_by
  AND updated_at > @updated_after;

-- name: GetActiveFlows :many
-- List the active flows of a tenant, most recently used first.
-- @cache ttl=1m
SELECT * FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND status = 'active'
ORDER BY last_used_at DESC NULLS LAST, id;

-- name: GetDefaultFlow :opt
-- Return a tenant's default flow, or None if there is none.
-- @cache ttl=5m negative=30s
SELECT * FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND is_default;

-- name: SetDefaultFlow :one
-- Make an active flow the tenant's default flow. Of concurrent calls, the last one wins.
UPDATE conversation_flows
SET is_default = true,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @flow_id
  AND status = 'active'
RETURNING *;

-- name: Update :one
-- Update a flow.
-- @optional name, version, description, flow_definition, tags
UPDATE conversation_flows
SET name = @name,
    version = @version,
    description = @description,
    flow_definition = @flow_definition,
    tags = @tags,
    updated_by = sqlc.narg(updated_by),
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
RETURNING *;

-- name: PublishFlow :one
-- Activate a flow.
UPDATE conversation_flows
SET status = 'active',
    published_at = now(),
    published_by = @published_by,
    updated_by = @published_by,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @flow_id
RETURNING *;

-- name: ArchiveFlow :one
-- Deactivate a flow. It is no longer the default flow.
UPDATE conversation_flows
SET status = 'archived',
    is_default = false,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @flow_id
RETURNING *;

-- name: IncrementFlowUsage :one
-- Count another use of a flow. Returns the count.
UPDATE conversation_flows
SET usage_count = usage_count + 1,
    last_used_at = now(),
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @flow_id
RETURNING usage_count;

-- name: Delete :execrows
-- Delete a flow with its versions and analytics.
DELETE FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: SearchFlows :page
-- Search the names, descriptions and tags of a tenant's flows for a term, ignoring case, most recently changed first.
-- @optional status
SELECT * FROM conversation_flows
WHERE tenant_id = @tenant_id
  AND status = ANY(@status)
  AND strpos(
      lower(concat_ws(E'\n', name, description, array_to_string(tags, E'\n'))), lower(@search_term)
  ) > 0
ORDER BY updated_at DESC, id DESC;

-- name: GetFlowWithVersions :opt
-- Return a flow with its versions, latest first.
SELECT sqlc.embed(flow),
       ARRAY(
           SELECT kept FROM flow_versions AS kept
           WHERE kept.flow_id = flow.id
           ORDER BY kept.created_at DESC, kept.id DESC
       ) AS versions
FROM conversation_flows AS flow
WHERE flow.tenant_id = @tenant_id
  AND flow.id = @flow_id;
