-- name: CountTasks :one
-- How many there are.
SELECT count(*) FROM tasks;

-- name: ListByTitle :many
-- Those of a title.
SELECT id FROM tasks WHERE title = @title;

-- name: ListSorted :many
-- Some of them.
-- @vet-ignore seq-scan a report of the night
SELECT id FROM tasks ORDER BY title LIMIT 10;

-- name: ListWithOwners :many
-- All of them.
-- @vet-ignore seq-scan a report of the night
SELECT tasks.id, users.email FROM tasks JOIN users ON users.id = tasks.owner;

-- name: ListPairs :many
-- Those of one length.
-- @vet-ignore seq-scan a report of the night
SELECT a.id FROM tasks AS a JOIN users AS b ON length(a.title) > length(b.email);

-- name: ListFrom :many
-- Some of them, by their places.
SELECT id FROM tasks ORDER BY id LIMIT 10 OFFSET @start;

-- name: DeleteUser :exec
-- Delete a user.
DELETE FROM users WHERE id = @id;

-- name: ListOfLongTitles :many
-- Those of a user with long titles.
SELECT tasks.id FROM users JOIN tasks ON tasks.owner = users.id
WHERE users.id = ANY(@ids) AND length(users.email) = 3;

-- name: GetTask :opt
-- One of them.
-- @vet-ignore seq-scan a report of the night
SELECT id FROM tasks WHERE id = @id;

-- name: ListMine :many
-- Those of the owner of the session.
SELECT id FROM tasks WHERE size = current_setting('app.size')::int;
