-- name: TaskEvents :listen
-- What happens to tasks.
LISTEN task_events;

-- name: OddEvents :listen
-- A channel of an odd name.
LISTEN "Odd ""one""";

-- name: LimitEvents :listen
-- Documents on a channel.
-- @json payload = golden_overrides.Limits
LISTEN limit_events;

-- name: CodeEvents :listen
-- Texts that mean something.
-- @type payload = golden_overrides.Code
LISTEN code_events;

-- name: AnnounceElsewhere :exec
-- Tell everyone who listens to a channel.
SELECT pg_notify(@channel, @payload);

-- name: Announce :exec
-- Tell everyone who listens.
SELECT pg_notify('task_events', @payload);
