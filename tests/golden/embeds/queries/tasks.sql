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

-- name: ListNotes :many
-- No column of these need have a value: a row of NULLs is a row all the same.
SELECT sqlc.embed(n), sqlc.embed(titles), measures.size IS DISTINCT FROM 3 AS odd,
    sqlc.embed(measures) -- no more
FROM tasks
LEFT JOIN notes AS n ON n.task_id = tasks.id OR (n.task_id IS NULL AND tasks.id = 2)
LEFT JOIN titles ON titles.id = tasks.reviewer_id
LEFT JOIN public.measures ON measures.task_id = tasks.id
ORDER BY tasks.id, 1;

-- name: PageNotes :page
-- The same in pages.
-- @optional note
SELECT tasks.id, sqlc.embed(n) FROM tasks LEFT JOIN LATERAL (
    SELECT * FROM notes WHERE task_id = tasks.id OR (task_id IS NULL AND tasks.id = 2)
    LIMIT 1
) AS n ON true
WHERE n.note = @note
ORDER BY 1;

-- name: ChangeNotes :many
-- Of RETURNING, too.
UPDATE tasks SET title = upper(tasks.title)
FROM tasks AS old_tasks LEFT JOIN notes ON notes.task_id = old_tasks.id
WHERE old_tasks.id = tasks.id
RETURNING tasks.id, sqlc.embed(notes);
