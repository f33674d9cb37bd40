-- name: Cars :many
SELECT c.*, coalesce(sum(t.km), 0)::bigint AS km
FROM cars c LEFT JOIN trips t USING (plate) GROUP BY c.plate;
