-- name: InsertAuditLog :one
-- Write an entry, timed by the server.
INSERT INTO audit_logs (
    org_id, app_id, user_id, action, resource_type, resource_id, details,
    request_id, ip_address, user_agent, model, provider, tokens_used, cost, latency_ms
)
VALUES (
    @org_id, @app_id, @user_id, @action, @resource_type, @resource_id, @details,
    @request_id, @ip_address, @user_agent, @model, @provider, @tokens_used, @cost, @latency_ms
)
RETURNING *;

-- name: InsertAuditLogs :copyfrom
-- Write many entries at once, each with the time at which it happened.
INSERT INTO audit_logs (
    org_id, app_id, user_id, action, resource_type, resource_id, details,
    request_id, ip_address, user_agent, model, provider, tokens_used, cost, latency_ms, timestamp
)
VALUES (
    @org_id, @app_id, @user_id, @action, @resource_type, @resource_id, @details,
    @request_id, @ip_address, @user_agent, @model, @provider, @tokens_used, @cost, @latency_ms, @timestamp
);

-- name: AsyncInsertAuditLog :copyfrom
-- Write an entry without waiting for it.
-- @buffered size=500, interval=1s, max=10000, full=wait
-- @timeout 5s
INSERT INTO audit_logs (
    org_id, app_id, user_id, action, resource_type, resource_id, details,
    request_id, ip_address, user_agent, model, provider, tokens_used, cost, latency_ms, timestamp
)
VALUES (
    @org_id, @app_id, @user_id, @action, @resource_type, @resource_id, @details,
    @request_id, @ip_address, @user_agent, @model, @provider, @tokens_used, @cost, @latency_ms, @timestamp
);

-- name: GetAuditLog :one
-- Return one entry.
SELECT * FROM audit_logs
WHERE id = @id;

-- name: ListAuditLogsByOrganization :page
-- What happened in an organization, the latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByApplication :page
-- What an application did, the latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND app_id = @app_id
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByUser :page
-- What a user did, the latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND user_id = @user_id
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByAction :page
-- Every time that something was done, the latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND action = @action
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByDateRange :page
-- What happened from a moment on and before another, the latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND timestamp >= @since
  AND timestamp < @until
ORDER BY timestamp DESC, id DESC;

-- name: GetAuditLogsByRequestID :many
-- The entries of one request, in the order in which they happened.
SELECT * FROM audit_logs
WHERE request_id = @request_id
ORDER BY timestamp, id;

-- name: StreamAuditLogs :stream
-- All entries of an organization from a moment on and before another, the earliest first, for export.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND timestamp >= @since
  AND timestamp < @until
ORDER BY timestamp, id;
