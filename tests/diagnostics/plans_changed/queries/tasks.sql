-- name: GetTask :opt
SELECT id FROM tasks WHERE id = @id;

-- name: CountTasks :one
SELECT count(*) FROM tasks;
