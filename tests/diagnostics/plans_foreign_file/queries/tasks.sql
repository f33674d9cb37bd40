-- name: GetTask :opt
SELECT id FROM tasks WHERE id = @id;
