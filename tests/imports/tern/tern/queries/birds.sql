-- name: Sightings :many
select b.species, s.at, s.place from birds b left join sightings s on s.bird = b.id;
