-- name: Run :one
SELECT 'it''s "quoted"' || E'\t\\' || $q$ """ ''' $q$ AS "?column?", 1 AS "class";

-- name: EmptyAll :exec
-- Empties all tables, each of which has a class for its constraints.
TRUNCATE "None", "databases", "pass", "statements";
