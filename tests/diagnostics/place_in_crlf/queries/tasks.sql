-- name: ListTasks :many
-- Newlines of two characters.
SELECT id,
       title, nope
FROM tasks WHERE priority > @priority AND nix = 1;
