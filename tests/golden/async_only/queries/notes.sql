-- name: GetNote :one
-- Return one note.
SELECT * FROM notes WHERE id = $1;

-- name: AddNotes :copyfrom
INSERT INTO notes (id, text) VALUES (@id, @text);

-- name: StreamNotes :stream
SELECT * FROM notes ORDER BY id;
