-- name: CreatePolicy :one
-- Create a policy for an organization, or within it for an application, a user, or both.
INSERT INTO policies (org_id, app_id, user_id, policy_type, config, priority, enabled)
VALUES (@org_id, @app_id, @user_id, @policy_type, @config, @priority, @enabled)
RETURNING *;

-- name: GetPolicy :one
-- Return one policy.
SELECT * FROM policies
WHERE id = @id;

-- name: GetApplicablePolicies :many
-- The enabled policies that bear on a request: the user's own first, then the application's, then the
-- organization's, and within a level by priority. Without a user only the last two levels count.
SELECT * FROM policies
WHERE org_id = @org_id
  AND enabled
  AND (app_id IS NULL OR app_id = @app_id)
  AND (user_id IS NULL OR user_id = sqlc.narg(user_id))
ORDER BY user_id IS NULL, app_id IS NULL, priority DESC, created_at, id;

-- name: ListPolicies :page
-- The policies of an organization, the highest priority first.
-- @optional app_id, user_id, policy_type, enabled
SELECT * FROM policies
WHERE org_id = @org_id
  AND app_id = @app_id
  AND user_id = @user_id
  AND policy_type = @policy_type
  AND enabled = @enabled
ORDER BY priority DESC, created_at DESC, id DESC;

-- name: UpdatePolicy :one
-- Change what a policy says, how it ranks, or whether it holds.
-- @optional policy_type, config, priority, enabled
UPDATE policies
SET policy_type = @policy_type,
    config = @config,
    priority = @priority,
    enabled = @enabled,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: DeletePolicy :execrows
-- Delete a policy.
DELETE FROM policies
WHERE id = @id;
