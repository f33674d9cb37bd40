-- name: GetPerson :one
SELECT * FROM people WHERE id = $1;

-- name: CreatePerson :exec
INSERT INTO people (id, email, work, mood, moods, home, others, settings, pay)
VALUES (@id, @email, @work, @mood, @moods, @home, @others, @settings, @pay);

-- name: ListByMood :many
SELECT id, email FROM people WHERE mood = ANY (@moods::mood[]) ORDER BY id;

-- name: ListHappy :many
SELECT * FROM happy_people ORDER BY id;
