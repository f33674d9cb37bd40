-- name: FindPairs :many
-- No array type has elements of (integer, text).
SELECT source FROM links WHERE (source, kind) = ANY(@pairs);

-- name: FindSlice :many
SELECT source FROM links WHERE (source, kind) IN (sqlc.slice(pairs));

-- name: FindPair :one
SELECT source FROM links WHERE links = @pair::record;

-- name: Raw :one
SELECT @raw::cstring IS NULL;

-- name: RawArray :one
SELECT @raw::cstring[] IS NULL;
