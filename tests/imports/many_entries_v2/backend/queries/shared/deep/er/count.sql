-- name: CountNotes :one
SELECT count(*) FROM notes;
