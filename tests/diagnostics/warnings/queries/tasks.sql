-- name: EveryPair :many
-- Tasks and users, unconnected.
SELECT tasks.id, users.name FROM tasks, users;

-- name: Needless :many
-- What is known anyway.
SELECT title AS "title!" FROM tasks;
