-- name: InsertAuditLog :one
-- Write an entry with the server's time.
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
-- Write many entries at once, each with its own time.
INSERT INTO audit_logs (
    org_id, app_id, user_id, action, resource_type, resource_id, details,
    request_id, ip_address, user_agent, model, provider, tokens_used, cost, latency_ms, timestamp
)
VALUES (
    @org_id, @app_id, @user_id, @action, @resource_type, @resource_id, @details,
    @request_id, @ip_address, @user_agent, @model, @provider, @tokens_used, @cost, @latency_ms, @timestamp
);

-- name: AsyncInsertAuditLog :copyfrom
-- Write an entry without waiting for the server.
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
-- Return an entry.
SELECT * FROM audit_logs
WHERE id = @id;

-- name: ListAuditLogsByOrganization :page
-- List the entries of an organization, latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByApplication :page
-- List the entries of an application, latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND app_id = @app_id
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByUser :page
-- List the entries of a user, latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND user_id = @user_id
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByAction :page
-- List the entries with an action, latest first.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND action = @action
ORDER BY timestamp DESC, id DESC;

-- name: ListAuditLogsByDateRange :page
-- List the entries of a period, latest first. The end of the period is excluded.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND timestamp >= @since
  AND timestamp < @until
ORDER BY timestamp DESC, id DESC;

-- name: GetAuditLogsByRequestID :many
-- List the entries of a request in chronological order.
SELECT * FROM audit_logs
WHERE request_id = @request_id
ORDER BY timestamp, id;

-- name: StreamAuditLogs :stream
-- Stream all entries of an organization in a period, earliest first, for export. The end of the period is excluded.
SELECT * FROM audit_logs
WHERE org_id = @org_id
  AND timestamp >= @since
  AND timestamp < @until
ORDER BY timestamp, id;
