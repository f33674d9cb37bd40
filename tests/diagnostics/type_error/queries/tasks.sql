-- name: ListTasks :many
-- Compares what cannot be compared.
SELECT id FROM tasks
WHERE title = @title AND priority > @priority AND due > title;

-- name: Longest :one
-- No such function.
SELECT max(lenght(title)) FROM tasks WHERE title <> @title;
