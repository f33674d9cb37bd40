-- name: AddNote :one
-- Add a note.
INSERT INTO notes (title) VALUES (@title) RETURNING *;

-- name: AddAndGetId :execlastid
INSERT INTO notes (title) VALUES (@title) RETURNING id;

-- name: GetNote :one
SELECT * FROM notes WHERE id = @id;

-- name: FindNote :opt
SELECT * FROM notes WHERE id = @id;

-- name: LockNote :one
SELECT * FROM notes WHERE id = @id FOR UPDATE;

-- name: ListNotes :many
SELECT * FROM notes ORDER BY id;

-- name: CountNotes :one
-- @timeout 30s
SELECT count(*) FROM notes;

-- name: StreamNotes :stream
-- @timeout 1min
SELECT * FROM notes ORDER BY id;

-- name: PageOfNotes :page
SELECT * FROM notes ORDER BY id;

-- name: RenameAll :execrows
UPDATE notes SET title = @title || id WHERE true;

-- name: MarkAll :execresult
UPDATE notes SET version = version WHERE true;

-- name: Touch :exec
-- @timeout 500ms
UPDATE notes SET title = title WHERE id = @id;

-- name: Retitle :one
-- @optimistic version
UPDATE notes SET title = @title, version = version + 1
WHERE id = @id AND version = @version
RETURNING *;

-- name: ImportNotes :copyfrom
INSERT INTO notes (title) VALUES (@title);

-- name: ImportAndReturn :copyfrom
INSERT INTO notes (title) VALUES (@title) RETURNING *;

-- name: ExportNotes :copyto
SELECT title FROM notes ORDER BY id;

-- name: TouchEach :batchexec
UPDATE notes SET title = title WHERE id = @id;

-- name: GetEach :batchone
SELECT * FROM notes WHERE id = @id;

-- name: FindEach :batchmany
SELECT title FROM notes WHERE id = @id;

-- name: Smuggle :exec
INSERT INTO notes (tenant_id, title) VALUES (@tenant_id, 'smuggled');

-- name: VacuumNotes :exec
VACUUM notes;
