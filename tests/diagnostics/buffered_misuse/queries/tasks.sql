-- name: NotCopied :exec
-- @buffered size=10, interval=1s
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: Returning :copyfrom
-- @buffered size=10
INSERT INTO tasks (id, title) VALUES (@id, @title) RETURNING id;

-- name: Twice :copyfrom
-- @buffered size=10
-- @buffered size=20
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: NoSize :copyfrom
-- @buffered size=0, interval=1s
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: TooLarge :copyfrom
-- @buffered max=99999999999
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: NoUnit :copyfrom
-- @buffered size=10, interval=1
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: NoRoom :copyfrom
-- @buffered size=100, max=10
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: Overflow :copyfrom
-- @buffered full=explode
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: Misspelled :copyfrom
-- @buffered intervall=1s
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: Unknown :copyfrom
-- @buffered color=red
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: SizeTwice :copyfrom
-- @buffered size=1, size=2
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: NoValue :copyfrom
-- @buffered 1000, 1s
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: Comma :copyfrom
-- @buffered size=10,
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: Returned :many
-- @buffered
SELECT * FROM tasks;
