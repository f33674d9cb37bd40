-- name: WithTasks :many
-- Each user with the tasks, none left out, in one round trip.
SELECT sqlc.embed(u), coalesce(array_agg(t ORDER BY t.id) FILTER (WHERE t.id IS NOT NULL), '{}') AS tasks
FROM users AS u LEFT JOIN tasks AS t ON t.owner_id = u.id
GROUP BY u.id ORDER BY u.id;

-- name: WithWhatTheJoinGives :many
-- The same with NULL for a user's missing task.
SELECT u.id, array_agg(t ORDER BY t.id) AS tasks
FROM users AS u LEFT JOIN tasks AS t ON t.owner_id = u.id
GROUP BY u.id ORDER BY u.id;

-- name: OnlyTasks :one
-- The tasks of one user; NULL, if there are none.
SELECT array_agg(tasks ORDER BY id) FROM tasks WHERE owner_id = @owner_id;

-- name: TaskLists :many
-- The same from a subquery, which is empty where there are none.
SELECT u.name, ARRAY(SELECT t FROM tasks AS t WHERE t.owner_id = u.id ORDER BY t.id) AS tasks,
    latest.task, latest.emails
FROM users AS u LEFT JOIN LATERAL (
    SELECT t AS task, array_agg(v.email) OVER () AS windowed,
        (SELECT array_agg(v.email ORDER BY v.id) FROM users AS v) AS emails
    FROM tasks AS t, users AS v WHERE t.owner_id = u.id ORDER BY t.id DESC LIMIT 1
) AS latest ON true
ORDER BY u.id;

-- name: Titles :many
-- Rows of a composite type of one's own.
SELECT u.id, array_agg(ROW(t.id, t.title)::step ORDER BY t.id) AS steps
FROM users AS u JOIN tasks AS t ON t.owner_id = u.id GROUP BY u.id;

-- name: AddTask :one
-- Add a task; return it with its owner.
WITH added AS (
    INSERT INTO tasks (id, title, owner_id, steps) VALUES (@id, @title, sqlc.narg(owner_id), @steps)
    RETURNING *
)
SELECT sqlc.embed(added), sqlc.embed(u) FROM added LEFT JOIN users AS u ON u.id = added.owner_id;
