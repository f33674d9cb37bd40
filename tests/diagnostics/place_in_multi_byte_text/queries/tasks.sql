-- name: ListTasks :many
-- Größe, 名前, 🦆: characters of one to four bytes.
SELECT id, 'näïve 名前 🦆' AS wort, nope FROM tasks WHERE title = @title;
