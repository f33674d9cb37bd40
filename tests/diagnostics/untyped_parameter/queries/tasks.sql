-- name: IsGiven :one
-- The type of the parameter shows nowhere.
SELECT @given IS NULL;
