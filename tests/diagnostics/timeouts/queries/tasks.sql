-- name: NoUnit :many
-- @timeout 2
SELECT * FROM tasks;

-- name: NoTime :many
-- @timeout 0s
SELECT * FROM tasks;

-- name: Nothing :many
-- @timeout
SELECT * FROM tasks;

-- name: TooLong :many
-- @timeout 1000h
SELECT * FROM tasks;

-- name: Twice :many
-- @timeout 1s
-- @timeout 2s
SELECT * FROM tasks;

-- name: Endless :listen
-- @timeout 1s
LISTEN tasks;
