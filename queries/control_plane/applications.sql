-- name: CreateApplication :one
-- Register an application of an organization.
-- @row ApplicationSummary
INSERT INTO applications (org_id, name, api_key_hash)
VALUES (@org_id, @name, @api_key_hash)
RETURNING id, org_id, name, created_at, updated_at;

-- name: GetApplication :one
-- Return an application.
-- @row ApplicationSummary
SELECT id, org_id, name, created_at, updated_at
FROM applications
WHERE id = @id;

-- name: GetApplicationByAPIKeyHash :opt
-- Return the application with this key, or None if the key is unknown.
-- @row ApplicationSummary
SELECT id, org_id, name, created_at, updated_at
FROM applications
WHERE api_key_hash = @api_key_hash;

-- name: GetApplicationWithKey :one
-- Return an application with the hash of its key, which repr and JSON mask.
SELECT * FROM applications
WHERE id = @id;

-- name: ListApplicationsByOrganization :page
-- List the applications of an organization, newest first.
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
-- Replace the hash of an application's key. The old key is no longer accepted.
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
