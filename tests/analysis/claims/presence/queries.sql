-- name: Presence1 :execrows
-- @optimistic version
UPDATE t SET note = @note, version = version + 1 WHERE version = @version AND id = @id;

-- name: Presence2 :execrows
-- @optimistic version
UPDATE t SET note = @note, version = @version + 1 WHERE version = @version AND id = @id;
