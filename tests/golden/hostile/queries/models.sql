-- name: Get :one
-- Ends with a backslash \
SELECT * FROM "statements" WHERE "class" = @self AND "from" <> E'\'""" %s $1 {{ x }}';

-- name: List :many
-- """
SELECT "class", "date", "datetime", "list", "int", "str" FROM "statements";

-- name: Packages :many
SELECT "class" AS x, "from" AS x, "self", "Final" AS "self" FROM "statements";

-- name: PACKAGE :one
SELECT id AS "PACKAGE", id AS "import" FROM "databases" WHERE id = @package;

-- name: Async :many
SELECT id FROM "databases" WHERE id = ANY (sqlc.slice('class'));

-- name: Put :copyfrom
INSERT INTO "pass" (id, self) VALUES (@"class", @"self");

-- name: Database :many
SELECT * FROM "databases";

-- name: Pass :many
SELECT * FROM "pass";

-- name: NoneAtAll :many
SELECT * FROM "None";

-- name: Mro :many
SELECT 1 AS mro, 2 AS "__dict__", id FROM "pass";

-- name: NoColumns :many
SELECT FROM "pass";
