-- name: Notes :many
SELECT id, body, tenant_ref FROM notes WHERE tenant_ref = @tenant_ref;
