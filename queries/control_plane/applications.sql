-- name: CreateApplication :one
-- Register an application of an organization.
-- @row ApplicationSummary
INSERT INTO applications (org_id, name, api_key_hash)
VALUES (@org_id, @name, @api_key_hash)
RETURNING id, org_id, name, created_at, updated_at;

-- name: GetApplication :one
-- Return one application.
-- @row ApplicationSummary
SELECT id, org_id, name, created_at, updated_at
FROM applications
WHERE id = @id;

-- name: GetApplicationByAPIKeyHash :opt
-- Return the application that identifies itself with this key, None for an unknown key.
-- @row ApplicationSummary
SELECT id, org_id, name, created_at, updated_at
FROM applications
WHERE api_key_hash = @api_key_hash;

-- name: GetApplicationWithKey :one
-- Return one application together with the hash of its key, masked in repr and JSON.
SELECT * FROM applications
WHERE id = @id;

-- name: ListApplicationsByOrganization :page
-- The applications of an organization, the newest first.
-- @row ApplicationSummary
SELECT id, org_id, name, created_at, updated_at
FROM applications
WHERE org_id = @org_id
ORDER BY created_at DESC, id DESC;

-- name: UpdateApplication :one
-- Rename an application.
-- @row ApplicationSummary
UPDATE applications
SET name = @name,
    updated_at = now()
WHERE id = @id
RETURNING id, org_id, name, created_at, updated_at;

-- name: RotateAPIKey :one
-- Replace the hash of an application's key; the old key is refused from now on.
-- @row ApplicationSummary
UPDATE applications
SET api_key_hash = @api_key_hash,
    updated_at = now()
WHERE id = @id
RETURNING id, org_id, name, created_at, updated_at;

-- name: DeleteApplication :execrows
-- Delete an application with its policies and inference requests.
DELETE FROM applications
WHERE id = @id;
