-- name: AddPost :exec
INSERT INTO posts (id, title, tags, roles, raw, words, scores, labels, documents)
VALUES (@id, @title, @tags, @roles, @raw, @words, @scores, @labels, @documents);

-- name: AddPosts :execrows
-- Titles are NOT NULL, notes are not.
INSERT INTO posts (id, title, note, tags)
SELECT *, '{}' FROM unnest(@ids::integer[], @titles::text[], @notes::text[]);

-- name: CopyPosts :copyfrom
INSERT INTO posts (id, title, tags, raw, document, draft)
VALUES (@id, @title, @tags, @raw, @document, @draft);

-- name: SetRaw :batchexec
UPDATE posts SET raw = @raw WHERE id = @id;

-- name: Patch :exec
UPDATE posts SET
    note = CASE WHEN @set_note::boolean THEN @note ELSE note END,
    title = lower(@title),
    draft = sqlc.narg(draft)
WHERE id = @id;

-- name: SetNote :exec
UPDATE posts SET note = nullif(trim(@note), '') WHERE id = @id;

-- name: GetPost :one
SELECT * FROM posts WHERE id = @id;

-- name: Collected :one
-- The notes are declared, the drafts are not.
SELECT array_agg(note) AS notes, array_agg(note) AS drafts, array_agg(title) AS titles
FROM posts;

-- name: Derived :one
SELECT
    tags || ARRAY[title] AS more,
    tags || raw AS most,
    string_to_array(title, ' ') AS parts,
    array_remove(raw, NULL) AS cleaned,
    ARRAY(SELECT p.note FROM posts p) AS notes
FROM posts WHERE id = @id;

-- name: Unnested :many
SELECT tag FROM posts, unnest(tags) AS tag WHERE id = ANY(@ids) ORDER BY tag;

-- name: UnnestedRaw :many
SELECT unnest(raw) AS part FROM posts WHERE id = @id;

-- name: Echo :many
-- @type words = list[str | None]
SELECT unnest(@words::text[]) AS word;
