-- name: GetPerson :one
SELECT * FROM people WHERE id = @id;

-- name: CopyPeople :copyfrom
INSERT INTO people (
    id, email, mood, home, others, settings, token, born, age, "json", "copy", "self"
) VALUES (
    @id, @email, @mood, @home, @others, @settings, @token, @born, @age, @json, @copy,
    @self
);

-- name: ListPairs :many
SELECT sqlc.embed(people), sqlc.embed(other), people."self" AS number
FROM people LEFT JOIN people AS other ON other.id = people.id + 1
ORDER BY people.id;

-- name: GetDocument :one
-- A document that the query builds.
SELECT
    id,
    jsonb_build_object('email', email, 'json', "json", 'model_config', "model_config",
        'moods', jsonb_build_array(mood, mood)) AS document
FROM people WHERE id = @id;
