-- name: CreatePolicy :one
-- Create a policy for an organization, or for an application or user of it, or for both.
INSERT INTO policies (org_id, app_id, user_id, policy_type, config, priority, enabled)
VALUES (@org_id, @app_id, @user_id, @policy_type, @config, @priority, @enabled)
RETURNING *;

-- name: GetPolicy :one
-- Return a policy.
SELECT * FROM policies
WHERE id = @id;

-- name: GetApplicablePolicies :many
-- List the enabled policies that apply to a request: first those of the user, then the application's, then the
-- organization's, each by priority. Without a user, only the last two kinds apply.
SELECT * FROM policies
WHERE org_id = @org_id
  AND enabled
  AND (app_id IS NULL OR app_id = @app_id)
  AND (user_id IS NULL OR user_id = sqlc.narg(user_id))
ORDER BY user_id IS NULL, app_id IS NULL, priority DESC, created_at, id;

-- name: ListPolicies :page
-- List the policies of an organization, highest priority first.
-- @optional app_id, user_id, policy_type, enabled
SELECT * FROM policies
WHERE org_id = @org_id
  AND app_id = @app_id
  AND user_id = @user_id
  AND policy_type = @policy_type
  AND enabled = @enabled
ORDER BY priority DESC, created_at DESC, id DESC;

-- name: UpdatePolicy :one
-- Change a policy's rules, its priority, or whether it is enabled.
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
