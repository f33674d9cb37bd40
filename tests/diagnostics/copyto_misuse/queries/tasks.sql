-- name: NoRows :copyto
-- Nothing comes back.
DELETE FROM tasks WHERE id = @id;

-- name: Star :copyto
-- The columns of the file follow the table.
SELECT * FROM tasks WHERE note = @note;
