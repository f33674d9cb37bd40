-- name: ListTasksWithPeople :many
SELECT sqlc.embed(tasks), sqlc.embed(owner), sqlc.embed(reviewer), length(tasks.title) AS length
FROM tasks
JOIN users AS owner ON owner.id = tasks.owner_id
LEFT JOIN users AS reviewer ON reviewer.id = tasks.reviewer_id
ORDER BY tasks.id;

-- name: GetOnlyTask :one
SELECT sqlc.embed(tasks) FROM tasks WHERE id = $1;

-- name: ListOwners :many
-- Each owner with the tasks, in one round trip.
SELECT sqlc.embed(users), ARRAY(
    SELECT tasks FROM tasks WHERE tasks.owner_id = users.id ORDER BY tasks.id
) AS tasks
FROM users ORDER BY users.id;
