-- name: CreateFlowVersion :one
-- Store a version of a flow.
INSERT INTO flow_versions (
    tenant_id, flow_id, version, flow_definition, change_description, change_type, created_by
)
VALUES (@tenant_id, @flow_id, @version, @flow_definition, @change_description, @change_type, @created_by)
RETURNING *;

-- name: GetFlowVersions :many
-- List the versions of a flow, latest first.
SELECT * FROM flow_versions
WHERE tenant_id = @tenant_id
  AND flow_id = @flow_id
ORDER BY created_at DESC, id DESC;

-- name: GetFlowVersion :opt
-- Return a version of a flow, or None if it does not exist.
SELECT * FROM flow_versions
WHERE tenant_id = @tenant_id
  AND flow_id = @flow_id
  AND version = @version;

-- name: RestoreFlowVersion :one
-- Restore a flow to one of its versions.
UPDATE conversation_flows
SET version = kept.version,
    flow_definition = kept.flow_definition,
    updated_by = sqlc.narg(updated_by),
    updated_at = now()
FROM flow_versions AS kept
WHERE conversation_flows.tenant_id = @tenant_id
  AND conversation_flows.id = @flow_id
  AND kept.flow_id = conversation_flows.id
  AND kept.version = @version
RETURNING conversation_flows.*;
