-- name: GetLabel :one
-- A type that reposgen knows nothing of.
SELECT label FROM tasks WHERE id = @id;
