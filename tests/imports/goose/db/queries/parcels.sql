-- name: GetParcel :one
SELECT * FROM parcels WHERE id = $1 LIMIT 1;

-- name: ListParcels :many
SELECT p.*, d.name AS depot_name
FROM parcels p
JOIN depots d ON d.id = p.depot_id
WHERE d.id = $1 AND p.state = ANY($2::parcel_state[])
ORDER BY p.id DESC
LIMIT $3 OFFSET $4;

-- name: CreateParcel :one
INSERT INTO parcels (depot_id, weight, tracking_url, label)
VALUES ($1, $2, sqlc.narg('tracking_url'), $3)
RETURNING *;

-- name: MarkLost :exec
UPDATE parcels SET state = 'lost' WHERE id = $1;

-- name: MarkManyLost :batchexec
UPDATE parcels SET state = 'lost' WHERE id = $1;

-- name: ImportParcels :copyfrom
INSERT INTO parcels (depot_id, weight, label) VALUES ($1, $2, $3);

-- name: DeleteParcels :execrows
DELETE FROM parcels WHERE id = ANY(sqlc.slice('ids')::bigint[]);
