-- name: Create :one
-- Create a document, under an id of its own where none is given. It expires after the time to live, None for never.
WITH expired AS (
    DELETE FROM contexts
    WHERE tenant_id = @tenant_id
      AND id = sqlc.narg(id)
      AND expires_at <= now()
    RETURNING id
)
INSERT INTO contexts (tenant_id, id, document, expires_at)
VALUES (
    -- Being asked for, the one that has expired goes before the new one comes.
    @tenant_id, coalesce((SELECT id FROM expired), sqlc.narg(id)::text, gen_random_uuid()::text), @document,
    now() + sqlc.narg(time_to_live)::interval
)
RETURNING *;

-- name: Upsert :one
-- Create a document or replace it as a whole.
INSERT INTO contexts (tenant_id, id, document, expires_at)
VALUES (@tenant_id, @id, @document, now() + sqlc.narg(time_to_live)::interval)
ON CONFLICT (tenant_id, id) DO UPDATE
SET document = excluded.document,
    expires_at = excluded.expires_at,
    updated_at = now()
RETURNING *;

-- name: GetById :opt
-- Return one document, None if there is none.
SELECT * FROM contexts
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now());

-- name: GetFields :opt
-- Return some fields of one document, those that it has.
SELECT (
    SELECT coalesce(jsonb_object_agg(field.key, field.value), '{}')
    FROM jsonb_each(document) AS field
    WHERE field.key = ANY(@fields::text[])
) AS document
FROM contexts
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now());

-- name: GetWithoutFields :opt
-- Return one document without some of its fields.
SELECT document - @fields::text[] AS document
FROM contexts
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now());

-- name: GetByCriteria :page
-- The documents that meet all conditions, those changed last first. What they have to contain is looked up in an index.
-- @optional contains, criteria
-- @sort updated_at, created_at, id
SELECT * FROM contexts
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND document @> @contains
  AND satisfies(document, @criteria)
ORDER BY updated_at DESC, id DESC;

-- name: Count :one
-- How many documents meet all conditions.
-- @optional contains, criteria
SELECT count(*) FROM contexts
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND document @> @contains
  AND satisfies(document, @criteria);

-- name: UpdateById :one
-- Set fields of a document.
UPDATE contexts
SET document = document || @changes::jsonb,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now())
RETURNING *;

-- name: UpsertFields :one
-- Set fields of a document, which is created if there is none.
INSERT INTO contexts (tenant_id, id, document)
VALUES (@tenant_id, @id, @changes)
ON CONFLICT (tenant_id, id) DO UPDATE
SET document = CASE
        WHEN contexts.expires_at <= now() THEN excluded.document
        ELSE contexts.document || excluded.document
    END,
    expires_at = CASE WHEN contexts.expires_at > now() THEN contexts.expires_at END,
    updated_at = now()
RETURNING *;

-- name: UnsetById :one
-- Take fields out of a document.
UPDATE contexts
SET document = document - @fields::text[],
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now())
RETURNING *;

-- name: UpdateByCriteria :execrows
-- Set fields of all documents that meet all conditions. Returns how many there were.
UPDATE contexts
SET document = document || @changes::jsonb,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND satisfies(document, @criteria);

-- name: UpdateOneByCriteria :opt
-- Set fields of the oldest document that meets all conditions. Returns it, None if there is none.
UPDATE contexts
SET document = contexts.document || @changes::jsonb,
    updated_at = now()
FROM (
    SELECT tenant_id, id
    FROM contexts
    WHERE tenant_id = @tenant_id
      AND (expires_at IS NULL OR expires_at > now())
      AND satisfies(document, @criteria)
    ORDER BY created_at, id
    LIMIT 1
    FOR UPDATE
) AS oldest
WHERE contexts.tenant_id = oldest.tenant_id
  AND contexts.id = oldest.id
RETURNING contexts.*;

-- name: DeleteById :execrows
-- Delete a document.
DELETE FROM contexts
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now());

-- name: DeleteByCriteria :execrows
-- Delete all documents that meet all conditions. Returns how many there were.
DELETE FROM contexts
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND satisfies(document, @criteria);

-- name: DeleteOneByCriteria :opt
-- Delete the oldest document that meets all conditions. Returns it, None if there is none.
DELETE FROM contexts
USING (
    SELECT tenant_id, id
    FROM contexts
    WHERE tenant_id = @tenant_id
      AND (expires_at IS NULL OR expires_at > now())
      AND satisfies(document, @criteria)
    ORDER BY created_at, id
    LIMIT 1
    FOR UPDATE
) AS oldest
WHERE contexts.tenant_id = oldest.tenant_id
  AND contexts.id = oldest.id
RETURNING contexts.*;

-- name: Aggregate :many
-- Count the documents by a field, and work out another field, the measure, where it is a number. Both are named by their
-- paths with dots; without a measure they are only counted. The most frequent value first.
-- @optional contains, criteria
SELECT document #>> string_to_array(@group_by, '.') AS value,
       count(*) AS documents,
       count(measure) AS measured,
       sum(measure) AS total,
       avg(measure) AS average,
       min(measure) AS minimum,
       max(measure) AS maximum
FROM contexts
CROSS JOIN LATERAL (
    SELECT CASE jsonb_typeof(document #> string_to_array(sqlc.narg(measure), '.'))
        WHEN 'number' THEN (document #>> string_to_array(sqlc.narg(measure), '.'))::numeric
    END AS measure
) AS measures
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND document @> @contains
  AND satisfies(document, @criteria)
GROUP BY document #>> string_to_array(@group_by, '.')
ORDER BY documents DESC, value;

-- name: PurgeExpired :execrows
-- Delete documents that have expired, of all tenants, at most so many.
DELETE FROM contexts
WHERE (tenant_id, id) IN (
    SELECT tenant_id, id
    FROM contexts
    WHERE expires_at <= now()
    ORDER BY expires_at
    LIMIT @limit
    FOR UPDATE SKIP LOCKED
);

-- name: GetCollectionStats :one
-- How many documents there are of all tenants, and what room they take, in bytes.
-- @vet-ignore seq-scan it is for administrators, as are the sizes of files
SELECT (SELECT count(*) FROM contexts) AS document_count,
       pg_table_size('contexts') AS "storage_size!",
       (SELECT coalesce(avg(pg_column_size(document)), 0)::double precision FROM contexts) AS average_object_size,
       (SELECT count(*) FROM pg_index WHERE indrelid = 'contexts'::regclass) AS index_count,
       pg_indexes_size('contexts') AS "total_index_size!";
