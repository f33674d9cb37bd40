-- name: TaskEvents :listen
-- What happens to tasks.
LISTEN task_events;

-- name: OddEvents :listen
-- A channel of an odd name.
LISTEN "Odd ""one""";

-- name: Announce :exec
-- Tell everyone who listens.
SELECT pg_notify('task_events', @payload);
