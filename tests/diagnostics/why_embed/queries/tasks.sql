-- name: TaskWithOwner :one
SELECT tasks.title, sqlc.embed(users) FROM tasks LEFT JOIN users ON users.id = tasks.owner_id WHERE tasks.id = $1;
