-- name: Create :one
-- Register a tool.
INSERT INTO tools (name, category, description, parameters)
VALUES (@name, @category, @description, @parameters)
RETURNING *;

-- name: GetById :opt
-- Return one tool, None if there is none.
SELECT * FROM tools
WHERE id = @id;

-- name: Update :one
-- Change a tool.
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
-- Delete a tool with its capabilities and all record of its use.
DELETE FROM tools
WHERE id = @id;

-- name: List :page
-- The tools, the newest first.
-- @optional category, available
-- @sort created_at, updated_at, name, usage_count
SELECT * FROM tools
WHERE category = @category
  AND available = @available
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- How many tools there are.
-- @optional category, available
SELECT count(*) FROM tools
WHERE category = @category
  AND available = @available;

-- name: GetByCategory :many
-- The tools of a category, by name.
SELECT * FROM tools
WHERE category = @category
ORDER BY name;

-- name: GetAvailableTools :many
-- The tools that can be called now, by name.
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
-- Take over records of many calls at once. They are not counted.
INSERT INTO tool_usage (tool_id, agent_id, succeeded, duration_ms, details, used_at)
VALUES (@tool_id, @agent_id, @succeeded, @duration_ms, @details, @used_at);

-- name: GetUsage :page
-- The calls of a tool, the latest first.
-- @optional agent_id, succeeded
SELECT * FROM tool_usage
WHERE tool_id = @tool_id
  AND agent_id = @agent_id
  AND succeeded = @succeeded
ORDER BY used_at DESC, id DESC;

-- name: GetToolMetrics :many
-- What each tool's calls since a moment came to, the most used first.
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
-- Say what a tool can do, or say it anew.
INSERT INTO tool_capabilities (tool_id, name, description, parameters)
VALUES (@tool_id, @name, @description, @parameters)
ON CONFLICT (tool_id, name) DO UPDATE
SET description = excluded.description,
    parameters = excluded.parameters
RETURNING *;

-- name: RemoveCapability :execrows
-- Take back that a tool can do something.
DELETE FROM tool_capabilities
WHERE tool_id = @tool_id
  AND name = @name;

-- name: GetToolCapabilities :many
-- What a tool can do, by name.
SELECT * FROM tool_capabilities
WHERE tool_id = @tool_id
ORDER BY name;

-- name: GetByCapability :many
-- The tools that can be called now and can do something, by name.
SELECT tools.*
FROM tools
JOIN tool_capabilities AS capability ON capability.tool_id = tools.id
WHERE capability.name = @capability
  AND tools.available
ORDER BY tools.name;
