-- name: CountTasks :one
-- Count the tasks.
-- @across-tenants
SELECT count(*) FROM tasks;

-- name: CountMore :one
-- Count the tasks.
-- @across-tenants for the bill
-- @across-tenants and for the report
SELECT count(*) FROM tasks;
