-- name: Below :many
SELECT id, path, attributes -> 'author' AS author FROM pages WHERE path <@ @root::ltree;

-- name: Nearest :many
SELECT id, embedding <-> @target::vector AS distance FROM pages ORDER BY embedding <-> @target::vector LIMIT 5;

-- name: Search :many
SELECT title, ts_rank(search, websearch_to_tsquery('english', @query)) AS rank FROM pages
WHERE search @@ websearch_to_tsquery('english', @query) OR unaccent(title) ILIKE @query;

-- name: Hidden :one
SELECT pgp_sym_decrypt(secret, @key) AS secret, uuid_generate_v1mc() AS token FROM pages WHERE id = @id;

-- name: Login :one
SELECT id FROM pages WHERE password = crypt(@password, password) AND levenshtein(title, @title) < 3;
