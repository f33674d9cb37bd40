-- name: InConflict :copyfrom
-- A parameter behind the row.
INSERT INTO tasks (id, title) VALUES (@id, @title)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, note = @note;

-- name: InWith :copyfrom
-- A parameter in front of the row.
WITH given AS (SELECT @title::text AS title)
INSERT INTO tasks (id, title) VALUES (@id, (SELECT title FROM given));

-- name: NoParameters :copyfrom
-- The same row, over and over.
INSERT INTO tasks (id, title) VALUES (1, 'one');
