-- name: CreateUser :one
-- Add a user to an organization.
INSERT INTO users (org_id, email, cognito_sub, role)
VALUES (@org_id, lower(@email), @cognito_sub, @role)
RETURNING *;

-- name: GetUser :one
-- Return one user.
SELECT * FROM users
WHERE id = @id;

-- name: GetUserByCognitoSub :opt
-- Return the user that the identity provider knows by this subject, None for a stranger.
SELECT * FROM users
WHERE cognito_sub = @cognito_sub;

-- name: GetUserByEmail :opt
-- Return the user with this address, in whatever case it is given, or None.
SELECT * FROM users
WHERE email = lower(@email);

-- name: ListUsersByOrganization :page
-- The users of an organization, the newest first.
-- @optional role
SELECT * FROM users
WHERE org_id = @org_id
  AND role = @role
ORDER BY created_at DESC, id DESC;

-- name: CountUsersByRole :many
-- How many users of an organization have each role.
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
-- Delete a user with the policies that name them.
DELETE FROM users
WHERE id = @id;
