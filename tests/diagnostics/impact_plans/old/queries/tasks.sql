-- name: ByTitle :many
-- It loses its index for good.
SELECT id FROM tasks WHERE title = @title;

-- name: BySize :many
-- Another index serves it.
SELECT id FROM tasks WHERE size = @size ORDER BY id LIMIT 10;

-- name: Slow :many
-- It was slow before, on both schemas.
SELECT id FROM tasks WHERE note || title = @text;
