-- name: Create :one
-- Register a tool.
INSERT INTO tools (name, category, description, parameters)
VALUES (@name, @category, @description, @parameters)
RETURNING *;

-- name: GetById :opt
-- Return a tool, or None if it does not exist.
SELECT * FROM tools
WHERE id = @id;

-- name: Update :one
-- Update a tool.
-- @optional name, category, description, parameters, available
UPDATE tools
SET name = @name,
    category = @category,
    description = @description,
    parameters = @parameters,
    available = @available,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete a tool with its capabilities and all records of its use.
DELETE FROM tools
WHERE id = @id;

-- name: List :page
-- List the tools, newest first.
-- @optional category, available
-- @sort created_at, updated_at, name, usage_count
SELECT * FROM tools
WHERE category = @category
  AND available = @available
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- Count the tools.
-- @optional category, available
SELECT count(*) FROM tools
WHERE category = @category
  AND available = @available;

-- name: GetByCategory :many
-- List the tools of a category, by name.
SELECT * FROM tools
WHERE category = @category
ORDER BY name;

-- name: GetAvailableTools :many
-- List the tools that can be called now, by name.
SELECT * FROM tools
WHERE available
ORDER BY name;

-- name: TrackUsage :exec
-- Record a call of a tool and count it.
WITH counted AS (
    UPDATE tools
    SET usage_count = usage_count + 1,
        last_used_at = greatest(last_used_at, now())
    WHERE id = @tool_id
)
INSERT INTO tool_usage (tool_id, agent_id, succeeded, duration_ms, details)
VALUES (@tool_id, @agent_id, @succeeded, @duration_ms, @details);

-- name: ImportUsage :copyfrom
-- Import records of many calls at once, without counting them.
INSERT INTO tool_usage (tool_id, agent_id, succeeded, duration_ms, details, used_at)
VALUES (@tool_id, @agent_id, @succeeded, @duration_ms, @details, @used_at);

-- name: GetUsage :page
-- List the calls of a tool, latest first.
-- @optional agent_id, succeeded
SELECT * FROM tool_usage
WHERE tool_id = @tool_id
  AND agent_id = @agent_id
  AND succeeded = @succeeded
ORDER BY used_at DESC, id DESC;

-- name: GetToolMetrics :many
-- Summarize each tool's calls since a time, most used first.
SELECT tool.id AS tool_id,
       tool.name,
       count(*) AS calls,
       count(*) FILTER (WHERE NOT usage.succeeded) AS failed_calls,
       avg(usage.duration_ms)::double precision AS average_duration_ms,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY usage.duration_ms) AS p95_duration_ms
FROM tool_usage AS usage
JOIN tools AS tool ON tool.id = usage.tool_id
WHERE usage.used_at >= @since
GROUP BY tool.id
ORDER BY calls DESC, tool.name;

-- name: AddCapability :one
-- Add or update a capability of a tool.
INSERT INTO tool_capabilities (tool_id, name, description, parameters)
VALUES (@tool_id, @name, @description, @parameters)
ON CONFLICT (tool_id, name) DO UPDATE
SET description = excluded.description,
    parameters = excluded.parameters
RETURNING *;

-- name: RemoveCapability :execrows
-- Remove a capability of a tool.
DELETE FROM tool_capabilities
WHERE tool_id = @tool_id
  AND name = @name;

-- name: GetToolCapabilities :many
-- List the capabilities of a tool, by name.
SELECT * FROM tool_capabilities
WHERE tool_id = @tool_id
ORDER BY name;

-- name: GetByCapability :many
-- List the tools that can be called now and have a capability, by name.
SELECT tools.*
FROM tools
JOIN tool_capabilities AS capability ON capability.tool_id = tools.id
WHERE capability.name = @capability
  AND tools.available
ORDER BY tools.name;
