-- name: GetTask :one
<<<<<<< HEAD
SELECT id FROM tasks WHERE id = @id;
=======
SELECT * FROM tasks WHERE id = @id;
>>>>>>> feature
