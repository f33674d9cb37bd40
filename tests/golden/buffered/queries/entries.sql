-- name: AddEntry :copyfrom
-- Write an entry.
-- @buffered size=100, interval=50ms
INSERT INTO entries (level, message, token, details)
VALUES (@level, @message, @token, @details);

-- name: AddEntries :copyfrom
-- Write entries at once.
INSERT INTO entries (level, message) VALUES (@level, @message);

-- name: ListEntries :many
SELECT level, message, token, details FROM entries ORDER BY id;
