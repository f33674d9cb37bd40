-- name: MakePoint :one
-- @json point = golden_overrides.Point
-- @json given = golden_overrides.Point
SELECT @given::jsonb AS point;

-- name: MakePoints :one
-- @json points = dict[str, golden_overrides.Point]
-- @json given = golden_overrides.Point
-- @type code = golden_overrides.Code
SELECT '{"a": {"x": 1}}'::jsonb AS points, @given::jsonb[] AS given, @code::text AS code;

-- name: FindByLabel :one
SELECT @label::text AS label;

-- name: ListLabels :many
SELECT unnest(@labels::text[]) AS label;

-- name: CountAll :one
-- @row Counted
SELECT count(*) AS total, coalesce(max(id), NULL) AS "last?" FROM accounts;

-- name: CountSome :one
-- @row Counted
SELECT count(*) AS total, max(id) AS last FROM accounts WHERE mood = @mood;

-- name: GetCode :opt
-- @row OnlyCode
SELECT code FROM accounts WHERE id = @id;

-- name: CopyRoutes :copyfrom
-- @json start = golden_overrides.Point
-- @json stops = golden_overrides.Point
INSERT INTO routes (id, start, stops) VALUES (@id, @start, @stops);

-- name: PutRoutes :copyfrom
-- @json start = golden_overrides.Point
-- @json stops = golden_overrides.Point
INSERT INTO routes (id, start, stops) VALUES (@id, @start::jsonb, @stops)
ON CONFLICT (id) DO UPDATE SET start = excluded.start
RETURNING id, start, stops;
