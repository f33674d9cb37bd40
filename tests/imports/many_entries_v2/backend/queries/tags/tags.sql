-- name: Tags :many
SELECT tag, colour FROM tags ORDER BY tag;
