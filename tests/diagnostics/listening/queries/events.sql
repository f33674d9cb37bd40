-- name: NoListen :listen
SELECT id FROM tasks;

-- name: Unlisten :listen
UNLISTEN task_events;

-- name: AnyChannel :listen
LISTEN @channel;

-- name: Twice :exec
LISTEN task_events;

-- name: Forgotten :listen
LISTEN;

-- name: NoSuchPart :listen
-- @json payloads = myapp.TaskEvent
LISTEN task_events;
