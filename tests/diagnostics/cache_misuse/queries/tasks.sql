-- name: Stream :stream
-- @cache ttl=5m
SELECT id FROM tasks;

-- name: Rename :one
-- @cache ttl=5m
UPDATE tasks SET title = @title WHERE id = @id RETURNING *;

-- name: Locked :one
-- @cache ttl=5m
SELECT * FROM tasks WHERE id = @id FOR UPDATE;

-- name: Due :many
-- @cache ttl=5m
SELECT id FROM tasks WHERE due < now();

-- name: DueToday :many
-- @cache ttl=5m
SELECT id FROM tasks WHERE due < current_date;

-- name: DueByLiteral :many
-- @cache ttl=5m
SELECT id FROM tasks WHERE due < 'now'::timestamptz;

-- name: Any :many
-- @cache ttl=5m
SELECT id FROM tasks ORDER BY random();

-- name: Setting :one
-- @cache ttl=5m
SELECT current_setting('application_name') AS name;

-- name: Counted :one
-- @cache ttl=5m
SELECT counted() AS count;

-- name: Late :many
-- @cache ttl=5m
SELECT id FROM tasks WHERE late(due);

-- name: Notes :many
-- @cache ttl=5m
SELECT id FROM notes;

-- name: Places :many
-- @cache ttl=5m
SELECT ctid::text AS place FROM tasks;

-- name: Sampled :many
-- @cache ttl=5m
SELECT id FROM tasks TABLESAMPLE system (1);

-- name: Tables :many
-- @cache ttl=5m
SELECT relname FROM pg_class;

-- name: NoTime :one
-- @cache levels=l1
SELECT * FROM tasks WHERE id = @id;

-- name: Bare :one
-- @cache
SELECT * FROM tasks WHERE id = @id;

-- name: WrongTime :one
-- @cache ttl=5
SELECT * FROM tasks WHERE id = @id;

-- name: TooLong :one
-- @cache ttl=800h
SELECT * FROM tasks WHERE id = @id;

-- name: WrongLevel :one
-- @cache ttl=5m levels=l3
SELECT * FROM tasks WHERE id = @id;

-- name: WrongOption :one
-- @cache ttl=5m stales=1s
SELECT * FROM tasks WHERE id = @id;

-- name: Twice :one
-- @cache ttl=5m ttl=6m
SELECT * FROM tasks WHERE id = @id;

-- name: WrongKey :one
-- @cache ttl=5m key=title
SELECT * FROM tasks WHERE id = @id;

-- name: NoKey :many
-- @cache ttl=5m key=id
SELECT * FROM tasks;

-- name: EmptyKey :one
-- @cache ttl=5m key=id,
SELECT * FROM tasks WHERE id = @id;

-- name: Words :one
-- @cache ttl=5m forever
SELECT * FROM tasks WHERE id = @id;

-- name: TwoLines :one
-- @cache ttl=5m
-- @cache ttl=6m
SELECT * FROM tasks WHERE id = @id;
