-- name: Create :one
-- Create a user.
INSERT INTO users (email, name)
VALUES (lower(@email), @name)
RETURNING *;

-- name: CreateMany :copyfrom
-- Create many users at once; their addresses have to be in lower case.
INSERT INTO users (id, email, name)
VALUES (@id, @email, @name);

-- name: GetById :opt
-- Return one user, None if there is none.
SELECT * FROM users
WHERE id = @id;

-- name: Update :one
-- Change a user.
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
-- The users, the newest first.
-- @vet-ignore seq-scan it is an administrator's list
-- @vet-ignore large-sort likewise
-- @optional active
-- @sort created_at, updated_at, name, email
SELECT * FROM users
WHERE active = @active
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- How many users there are.
-- @vet-ignore seq-scan an administrator asks for it
-- @optional active
SELECT count(*) FROM users
WHERE active = @active;

-- name: GetByEmail :opt
-- Return the user with this address, in whatever case it is given, or None.
SELECT * FROM users
WHERE email = lower(@email);

-- name: GetPreferences :one
-- What a user has chosen; an empty object for one who has chosen nothing.
SELECT coalesce(user_preferences.preferences, '{}') AS preferences
FROM users
LEFT JOIN user_preferences ON user_preferences.user_id = users.id
WHERE users.id = @user_id;

-- name: SetPreferences :one
-- Merge choices into those that the user has made. Returns them all.
INSERT INTO user_preferences (user_id, preferences)
VALUES (@user_id, @preferences)
ON CONFLICT (user_id) DO UPDATE
SET preferences = user_preferences.preferences || excluded.preferences,
    updated_at = now()
RETURNING preferences;

-- name: UnsetPreferences :opt
-- Take back choices. Returns those that are left, None for a user who never chose.
UPDATE user_preferences
SET preferences = preferences - @keys::text[],
    updated_at = now()
WHERE user_id = @user_id
RETURNING preferences;

-- name: Search :many
-- The users whose name or address has all words of the query, the last of them perhaps unfinished; by name.
SELECT *
FROM users
WHERE to_tsvector('simple', name || ' ' || email)
      @@ (nullif(plainto_tsquery('simple', @query)::text, '') || ':*')::tsquery
ORDER BY name, id
LIMIT @limit;
