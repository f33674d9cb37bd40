-- name: Get :opt
-- Return what stands under a key, None if nothing does.
SELECT * FROM states
WHERE tenant_id = @tenant_id
  AND key = @key
  AND (expires_at IS NULL OR expires_at > now());

-- name: GetMany :many
-- Return what stands under several keys.
SELECT * FROM states
WHERE tenant_id = @tenant_id
  AND key = ANY(@keys)
  AND (expires_at IS NULL OR expires_at > now())
ORDER BY key;

-- name: ListByPrefix :page
-- What stands under the keys that begin alike.
SELECT * FROM states
WHERE tenant_id = @tenant_id
  AND starts_with(key, @prefix)
  AND (expires_at IS NULL OR expires_at > now())
ORDER BY key;

-- name: Set :one
-- Put a value under a key, for a time to live, None for ever.
INSERT INTO states (tenant_id, key, value, expires_at)
VALUES (@tenant_id, @key, @value, now() + sqlc.narg(time_to_live)::interval)
ON CONFLICT (tenant_id, key) DO UPDATE
SET value = excluded.value,
    version = states.version + 1,
    expires_at = excluded.expires_at,
    updated_at = now()
RETURNING *;

-- name: SetIfAbsent :opt
-- Put a value under a key where nothing stands. Returns None where something does.
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
-- Replace the value under a key, provided that it is the expected one. Returns None where it is another.
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
-- Replace the value under a key, provided that nobody else changed it since it had the expected version.
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
-- Add to the number under a key, from 0 where nothing stands. Returns the sum.
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
-- Let the value under a key live for a time from now on. Returns until when, None where nothing stands.
UPDATE states
SET expires_at = now() + @time_to_live::interval
WHERE tenant_id = @tenant_id
  AND key = @key
  AND (expires_at IS NULL OR expires_at > now())
RETURNING expires_at;

-- name: Delete :execrows
-- Take away what stands under a key.
DELETE FROM states
WHERE tenant_id = @tenant_id
  AND key = @key
  AND (expires_at IS NULL OR expires_at > now());

-- name: PurgeExpired :execrows
-- Delete values that have expired, of all tenants, at most so many.
DELETE FROM states
WHERE (tenant_id, key) IN (
    SELECT tenant_id, key
    FROM states
    WHERE expires_at <= now()
    ORDER BY expires_at
    LIMIT @limit
    FOR UPDATE SKIP LOCKED
);
