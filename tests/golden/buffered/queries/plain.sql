-- name: CountPings :one
SELECT count(*) FROM pings;
