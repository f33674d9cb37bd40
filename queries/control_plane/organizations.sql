-- name: CreateOrganization :one
-- Create an organization.
INSERT INTO organizations (name, slug)
VALUES (@name, @slug)
RETURNING *;

-- name: GetOrganization :one
-- Return an organization.
SELECT * FROM organizations
WHERE id = @id;

-- name: GetOrganizationBySlug :one
-- Return the organization with this slug.
SELECT * FROM organizations
WHERE slug = @slug;

-- name: ListOrganizations :page
-- List the organizations, newest first.
SELECT * FROM organizations
ORDER BY created_at DESC, id DESC;

-- name: CountOrganizations :one
-- Count the organizations.
SELECT count(*) FROM organizations;

-- name: UpdateOrganization :one
-- Change an organization's name or slug.
-- @optional name, slug
UPDATE organizations
SET name = @name,
    slug = @slug,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: DeleteOrganization :execrows
-- Delete an organization with everything that belongs to it.
DELETE FROM organizations
WHERE id = @id;
