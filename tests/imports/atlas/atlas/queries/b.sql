-- name: Hits :many
SELECT route_id, max(at)::timestamptz AS latest FROM hits GROUP BY route_id;
