-- name: Create :one
-- Create a workspace. The agent that owns it is its first member.
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
-- Return one workspace.
-- @cache ttl=5m
SELECT * FROM workspaces
WHERE id = @id
  AND deleted_at IS NULL;

-- name: ListByAgent :many
-- The workspaces that an agent is a member of, by name.
SELECT workspaces.*
FROM workspaces
JOIN workspace_members AS member ON member.workspace_id = workspaces.id
WHERE member.tenant_id = @tenant_id
  AND member.agent_id = @agent_id
  AND workspaces.deleted_at IS NULL
ORDER BY workspaces.name, workspaces.id;

-- name: AddMember :one
-- Make an agent a member, and leave that in the workspace's activity.
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
-- Return a member, None if the agent is none.
-- @cache ttl=5m negative=30s
SELECT * FROM workspace_members
WHERE workspace_id = @workspace_id
  AND agent_id = @agent_id;

-- name: ListMembers :many
-- The members of a workspace with what is known of the agents, those that may do the most first.
SELECT sqlc.embed(member), sqlc.embed(agent)
FROM workspace_members AS member
JOIN agents AS agent ON agent.tenant_id = member.tenant_id AND agent.id = member.agent_id
WHERE member.workspace_id = @workspace_id
ORDER BY member.role DESC, member.agent_id;

-- name: RemoveMember :execrows
-- Remove a member other than the owner, and leave that in the workspace's activity.
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
-- Record what a member did.
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
-- What happened in a workspace, the latest first.
-- @optional agent_id, action, since
SELECT * FROM workspace_activity
WHERE workspace_id = @workspace_id
  AND agent_id = @agent_id
  AND action = @action
  AND timestamp >= @since
ORDER BY timestamp DESC, id DESC;

-- name: UpdateState :one
-- Replace the shared state, provided that nobody else changed it since it had the expected version.
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
-- Hide a workspace.
UPDATE workspaces
SET deleted_at = now(),
    updated_at = now()
WHERE id = @id
  AND deleted_at IS NULL;
