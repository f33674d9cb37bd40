-- name: GetTask :mayn
-- Misspelt.
SELECT * FROM tasks WHERE id = @id;
