-- name: Create :one
-- Create a document. If no id is given, a new one is made. It expires after the time to live; None means never.
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
-- Create a document, or replace it completely.
INSERT INTO contexts (tenant_id, id, document, expires_at)
VALUES (@tenant_id, @id, @document, now() + sqlc.narg(time_to_live)::interval)
ON CONFLICT (tenant_id, id) DO UPDATE
SET document = excluded.document,
    expires_at = excluded.expires_at,
    updated_at = now()
RETURNING *;

-- name: GetById :opt
-- Return a document, or None if it does not exist.
SELECT * FROM contexts
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now());

-- name: GetFields :opt
-- Return the given fields of a document, as far as it has them.
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
-- Return a document without the given fields.
SELECT document - @fields::text[] AS document
FROM contexts
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now());

-- name: GetByCriteria :page
-- List the documents that meet all conditions, most recently changed first. An index serves the fields that they must
-- contain.
-- @optional contains, criteria
-- @sort updated_at, created_at, id
SELECT * FROM contexts
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND document @> @contains
  AND satisfies(document, @criteria)
ORDER BY updated_at DESC, id DESC;

-- name: Count :one
-- Count the documents that meet all conditions.
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
-- Set fields of a document, which is created if it does not exist.
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
-- Remove fields of a document.
UPDATE contexts
SET document = document - @fields::text[],
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
  AND (expires_at IS NULL OR expires_at > now())
RETURNING *;

-- name: UpdateByCriteria :execrows
-- Set fields of all documents that meet all conditions. Returns their number.
UPDATE contexts
SET document = document || @changes::jsonb,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND satisfies(document, @criteria);

-- name: UpdateOneByCriteria :opt
-- Set fields of the oldest document that meets all conditions. Returns it, or None if there is none.
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
-- Delete all documents that meet all conditions. Returns their number.
DELETE FROM contexts
WHERE tenant_id = @tenant_id
  AND (expires_at IS NULL OR expires_at > now())
  AND satisfies(document, @criteria);

-- name: DeleteOneByCriteria :opt
-- Delete the oldest document that meets all conditions. Returns it, or None if there is none.
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
-- Count the documents by the values of a field, most frequent first, and aggregate a second, numeric field, the
-- measure. Both are given as dotted paths; without a measure, documents are only counted.
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
-- Delete expired documents of all tenants, up to a limit.
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
-- Return the number of documents of all tenants, and their size in bytes.
-- @vet-ignore seq-scan it is for administrators, as are the sizes of files
SELECT (SELECT count(*) FROM contexts) AS document_count,
       pg_table_size('contexts') AS "storage_size!",
       (SELECT coalesce(avg(pg_column_size(document)), 0)::double precision FROM contexts) AS average_object_size,
       (SELECT count(*) FROM pg_index WHERE indrelid = 'contexts'::regclass) AS index_count,
       pg_indexes_size('contexts') AS "total_index_size!";
