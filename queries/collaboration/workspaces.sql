-- name: Create :one
-- Create a workspace. Its owner becomes its first member.
WITH workspace AS (
    INSERT INTO workspaces (tenant_id, name, description, owner_id, state, metadata)
    VALUES (@tenant_id, @name, @description, @owner_id, @state, @metadata)
    RETURNING *
), owner AS (
    INSERT INTO workspace_members (tenant_id, workspace_id, agent_id, role)
    SELECT tenant_id, id, owner_id, 'owner'
    FROM workspace
)
SELECT * FROM workspace;

-- name: Get :one
-- Return a workspace.
-- @cache ttl=5m
SELECT * FROM workspaces
WHERE id = @id
  AND deleted_at IS NULL;

-- name: ListByAgent :many
-- List the workspaces that an agent is a member of, by name.
SELECT workspaces.*
FROM workspaces
JOIN workspace_members AS member ON member.workspace_id = workspaces.id
WHERE member.tenant_id = @tenant_id
  AND member.agent_id = @agent_id
  AND workspaces.deleted_at IS NULL
ORDER BY workspaces.name, workspaces.id;

-- name: AddMember :one
-- Add an agent as a member, and record that in the workspace's activity.
WITH member AS (
    INSERT INTO workspace_members (tenant_id, workspace_id, agent_id, role, permissions)
    SELECT workspaces.tenant_id, workspaces.id, @agent_id, @role, @permissions
    FROM workspaces
    WHERE workspaces.id = @workspace_id
      AND workspaces.deleted_at IS NULL
    RETURNING *
), activity AS (
    INSERT INTO workspace_activity (tenant_id, workspace_id, agent_id, action, details)
    SELECT tenant_id, workspace_id, agent_id, 'member_added', jsonb_build_object('role', role)
    FROM member
)
SELECT * FROM member;

-- name: GetMember :opt
-- Return a member, or None if the agent is not a member.
-- @cache ttl=5m negative=30s
SELECT * FROM workspace_members
WHERE workspace_id = @workspace_id
  AND agent_id = @agent_id;

-- name: ListMembers :many
-- List the members of a workspace with their agents, those with the most rights first.
SELECT sqlc.embed(member), sqlc.embed(agent)
FROM workspace_members AS member
JOIN agents AS agent ON agent.tenant_id = member.tenant_id AND agent.id = member.agent_id
WHERE member.workspace_id = @workspace_id
ORDER BY member.role DESC, member.agent_id;

-- name: RemoveMember :execrows
-- Remove a member other than the owner, and record that in the workspace's activity.
WITH member AS (
    DELETE FROM workspace_members
    WHERE workspace_id = @workspace_id
      AND agent_id = @agent_id
      AND role <> 'owner'
    RETURNING *
)
INSERT INTO workspace_activity (tenant_id, workspace_id, agent_id, action, details)
SELECT tenant_id, workspace_id, agent_id, 'member_removed', jsonb_build_object('role', role)
FROM member;

-- name: RecordActivity :one
-- Record an action of a member.
WITH member AS (
    UPDATE workspace_members
    SET last_activity_at = now()
    WHERE workspace_id = @workspace_id
      AND agent_id = @agent_id
    RETURNING *
)
INSERT INTO workspace_activity (tenant_id, workspace_id, agent_id, action, details)
SELECT tenant_id, workspace_id, agent_id, @action, @details
FROM member
RETURNING *;

-- name: ListActivity :page
-- List the activity in a workspace, latest first.
-- @optional agent_id, action, since
SELECT * FROM workspace_activity
WHERE workspace_id = @workspace_id
  AND agent_id = @agent_id
  AND action = @action
  AND timestamp >= @since
ORDER BY timestamp DESC, id DESC;

-- name: UpdateState :one
-- Replace the shared state, unless somebody else changed it since the expected version.
-- @optimistic state_version
UPDATE workspaces
SET state = @state,
    state_version = state_version + 1,
    updated_at = now()
WHERE id = @id
  AND state_version = @expected_version
  AND deleted_at IS NULL
RETURNING *;

-- name: SoftDelete :execrows
-- Delete a workspace softly.
UPDATE workspaces
SET deleted_at = now(),
    updated_at = now()
WHERE id = @id
  AND deleted_at IS NULL;
