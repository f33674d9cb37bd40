-- name: Get :opt
-- Return the value of a key, or None if there is none.
SELECT * FROM states
WHERE tenant_id = @tenant_id
  AND key = @key
  AND (expires_at IS NULL OR expires_at > now());

-- name: GetMany :many
-- Return the values of several keys.
SELECT * FROM states
WHERE tenant_id = @tenant_id
  AND key = ANY(@keys)
  AND (expires_at IS NULL OR expires_at > now())
ORDER BY key;

-- name: ListByPrefix :page
-- List the values of all keys with a prefix.
SELECT * FROM states
WHERE tenant_id = @tenant_id
  AND starts_with(key, @prefix)
  AND (expires_at IS NULL OR expires_at > now())
ORDER BY key;

-- name: Set :one
-- Set the value of a key. It expires after the time to live; None means never.
INSERT INTO states (tenant_id, key, value, expires_at)
VALUES (@tenant_id, @key, @value, now() + sqlc.narg(time_to_live)::interval)
ON CONFLICT (tenant_id, key) DO UPDATE
SET value = excluded.value,
    version = states.version + 1,
    expires_at = excluded.expires_at,
    updated_at = now()
RETURNING *;

-- name: SetIfAbsent :opt
-- Set the value of a key that has none. Returns None if it has one.
INSERT INTO states (tenant_id, key, value, expires_at)
VALUES (@tenant_id, @key, @value, now() + sqlc.narg(time_to_live)::interval)
ON CONFLICT (tenant_id, key) DO UPDATE
SET value = excluded.value,
    version = states.version + 1,
    expires_at = excluded.expires_at,
    updated_at = now()
WHERE states.expires_at <= now()
RETURNING *;

-- name: CompareAndSet :opt
-- Replace the value of a key if it equals the expected value. Returns None if it does not.
UPDATE states
SET value = @value,
    version = version + 1,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND key = @key
  AND value = @expected
  AND (expires_at IS NULL OR expires_at > now())
RETURNING *;

-- name: SetIfUnchanged :one
-- Replace the value of a key unless it was changed since the expected version.
-- @optimistic version
UPDATE states
SET value = @value,
    version = version + 1,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND key = @key
  AND version = @expected_version
  AND (expires_at IS NULL OR expires_at > now())
RETURNING *;

-- name: Increment :one
-- Add to the number stored under a key, which starts at 0. Returns the sum.
INSERT INTO states (tenant_id, key, value, expires_at)
VALUES (@tenant_id, @key, to_jsonb(@amount::bigint), now() + sqlc.narg(time_to_live)::interval)
ON CONFLICT (tenant_id, key) DO UPDATE
SET value = CASE
        WHEN states.expires_at <= now() THEN excluded.value
        ELSE to_jsonb(states.value::bigint + @amount::bigint)
    END,
    expires_at = CASE
        WHEN states.expires_at IS NULL OR states.expires_at > now() THEN states.expires_at
        ELSE excluded.expires_at
    END,
    version = states.version + 1,
    updated_at = now()
RETURNING value::bigint AS "value!";

-- name: Expire :opt
-- Set a key's time to live, counted from now. Returns when it expires, or None if there is no such key.
UPDATE states
SET expires_at = now() + @time_to_live::interval
WHERE tenant_id = @tenant_id
  AND key = @key
  AND (expires_at IS NULL OR expires_at > now())
RETURNING expires_at;

-- name: Delete :execrows
-- Delete a key.
DELETE FROM states
WHERE tenant_id = @tenant_id
  AND key = @key
  AND (expires_at IS NULL OR expires_at > now());

-- name: PurgeExpired :execrows
-- Delete expired values of all tenants, up to a limit.
DELETE FROM states
WHERE (tenant_id, key) IN (
    SELECT tenant_id, key
    FROM states
    WHERE expires_at <= now()
    ORDER BY expires_at
    LIMIT @limit
    FOR UPDATE SKIP LOCKED
);
