-- name: CreateUser :one
-- Add a user to an organization.
INSERT INTO users (org_id, email, cognito_sub, role)
VALUES (@org_id, lower(@email), @cognito_sub, @role)
RETURNING *;

-- name: GetUser :one
-- Return a user.
SELECT * FROM users
WHERE id = @id;

-- name: GetUserByCognitoSub :opt
-- Return the user with this subject at the identity provider, or None if there is no such user.
SELECT * FROM users
WHERE cognito_sub = @cognito_sub;

-- name: GetUserByEmail :opt
-- Return the user with this email address, ignoring case, or None.
SELECT * FROM users
WHERE email = lower(@email);

-- name: ListUsersByOrganization :page
-- List the users of an organization, newest first.
-- @optional role
SELECT * FROM users
WHERE org_id = @org_id
  AND role = @role
ORDER BY created_at DESC, id DESC;

-- name: CountUsersByRole :many
-- Count the users of an organization by role.
SELECT role, count(*) AS users
FROM users
WHERE org_id = @org_id
GROUP BY role
ORDER BY role;

-- name: UpdateUser :one
-- Change a user's address or role.
-- @optional email, role
UPDATE users
SET email = lower(@email),
    role = @role,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: DeleteUser :execrows
-- Delete a user with the policies that apply to them.
DELETE FROM users
WHERE id = @id;
