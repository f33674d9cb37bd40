-- name: Get-Task :one
SELECT 1;

-- name: GlueA :one
-- A sign beside the parameter.
SELECT 1 WHERE 1 =@a;

-- name GetOne :one
SELECT 2;

-- name: TwoAtOnce :one
-- Two statements.
SELECT 1; SELECT 2;

-- name: Macro :one
-- A macro that is not there.
SELECT sqlc.argument(id);

-- name: MacroArgument :one
-- A number is no name.
SELECT sqlc.arg(1);

-- name: Slice :one
-- A slice outside of IN.
SELECT id FROM tasks WHERE id = sqlc.slice(ids);

-- name: Zero :one
-- Parameters count from one.
SELECT $0;

-- name: Directive :one
-- @optinal id
SELECT id FROM tasks WHERE id = @id;

-- name: Indented :one
SELECT id FROM tasks -- @optional id
WHERE id = @id;

-- name: Nothing :one
