-- name: Run :one
SELECT 'it''s "quoted"' || E'\t\\' || $q$ """ ''' $q$ AS "?column?", 1 AS "class";
