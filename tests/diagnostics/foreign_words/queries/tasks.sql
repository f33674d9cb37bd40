-- name: AddTask :exec
-- SQLite's.
INSERT OR IGNORE INTO tasks (id) VALUES (@id);

-- name: PutTask :exec
-- MySQL's and SQLite's.
REPLACE INTO tasks (id) VALUES (@id);

-- name: Titles :many
-- A function of theirs.
SELECT ifnull(title, '') AS title FROM tasks;

-- name: Casts :many
-- A type of theirs.
SELECT CAST(title AS datetime) FROM tasks;

-- name: Upsert :exec
-- MySQL's.
INSERT INTO tasks (id) VALUES (@id) ON DUPLICATE KEY UPDATE title = 'x';
