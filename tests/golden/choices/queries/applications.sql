-- name: GetApplication :one
SELECT * FROM applications WHERE id = @application_id;

-- name: GetByHash :opt
SELECT id, kind, api_key_hash, old_hash FROM applications WHERE api_key_hash = @api_key_hash;

-- name: GetHash :one
SELECT api_key_hash FROM applications WHERE id = @id;

-- name: GetOldHash :one
SELECT old_hash FROM applications WHERE id = @id;

-- name: CreateApplication :exec
INSERT INTO applications (id, name, kind, api_key_hash, old_hash)
VALUES (@id, @name, @kind, @api_key_hash, @old_hash);

-- name: CopyApplications :copyfrom
INSERT INTO applications (id, name, kind, api_key_hash, old_hash)
VALUES (@id, @name, @kind, @api_key_hash, @old_hash);

-- name: DeleteByHash :batchexec
DELETE FROM applications WHERE api_key_hash = @api_key_hash;

-- name: ListPairs :many
SELECT sqlc.embed(applications), sqlc.embed(other)
FROM applications LEFT JOIN applications AS other ON other.id = applications.id + 1
ORDER BY applications.id;
