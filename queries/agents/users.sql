-- name: Create :one
-- Create a user.
INSERT INTO users (email, name)
VALUES (lower(@email), @name)
RETURNING *;

-- name: CreateMany :copyfrom
-- Create many users at once. Their addresses must be in lower case.
INSERT INTO users (id, email, name)
VALUES (@id, @email, @name);

-- name: GetById :opt
-- Return a user, or None if the user does not exist.
SELECT * FROM users
WHERE id = @id;

-- name: Update :one
-- Update a user.
-- @optional email, name, active
UPDATE users
SET email = lower(@email),
    name = @name,
    active = @active,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete a user with their preferences and conversations.
DELETE FROM users
WHERE id = @id;

-- name: List :page
-- List the users, newest first.
-- @vet-ignore seq-scan it is an administrator's list
-- @vet-ignore large-sort likewise
-- @optional active
-- @sort created_at, updated_at, name, email
SELECT * FROM users
WHERE active = @active
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- Count the users.
-- @vet-ignore seq-scan an administrator asks for it
-- @optional active
SELECT count(*) FROM users
WHERE active = @active;

-- name: GetByEmail :opt
-- Return the user with this email address, ignoring case, or None.
SELECT * FROM users
WHERE email = lower(@email);

-- name: GetPreferences :one
-- Return a user's preferences; an empty object if there are none.
SELECT coalesce(user_preferences.preferences, '{}') AS preferences
FROM users
LEFT JOIN user_preferences ON user_preferences.user_id = users.id
WHERE users.id = @user_id;

-- name: SetPreferences :one
-- Merge an object into a user's preferences. Returns all of them.
INSERT INTO user_preferences (user_id, preferences)
VALUES (@user_id, @preferences)
ON CONFLICT (user_id) DO UPDATE
SET preferences = user_preferences.preferences || excluded.preferences,
    updated_at = now()
RETURNING preferences;

-- name: UnsetPreferences :opt
-- Remove some of a user's preferences. Returns those that remain, or None if the user never had any.
UPDATE user_preferences
SET preferences = preferences - @keys::text[],
    updated_at = now()
WHERE user_id = @user_id
RETURNING preferences;

-- name: Search :many
-- Search users by name or address, by name. All words of the query must match; the last may be a prefix.
SELECT *
FROM users
WHERE to_tsvector('simple', name || ' ' || email)
      @@ (nullif(plainto_tsquery('simple', @query)::text, '') || ':*')::tsquery
ORDER BY name, id
LIMIT @limit;
