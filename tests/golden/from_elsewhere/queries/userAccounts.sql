-- name: AccountNamed :one
-- The first account of that name.
SELECT * FROM "userAccounts" WHERE "displayName" = @displayName ORDER BY "accountId";

-- name: StateOfName :one
-- The state of some account of that name.
SELECT "accountState" FROM "userAccounts" WHERE "displayName" = @displayName;

-- name: LoginsOf :many
-- An account with each of its logins.
SELECT sqlc.embed(a), "eventId", "IPAddress" AS "sentFrom"
FROM "userAccounts" a
JOIN "loginEvents" e USING ("accountId")
WHERE a."accountId" = @accountId
ORDER BY "eventId";

-- name: CreateAccount :one
-- Create an account.
INSERT INTO "userAccounts" ("displayName", "externalID", "homeAddress")
VALUES (@displayName, @externalID, @homeAddress)
RETURNING "accountId";

-- name: RenameAll :one
-- Rename all accounts of a name; the id of the first.
UPDATE "userAccounts" SET "displayName" = @newName WHERE "displayName" = @oldName
RETURNING "accountId";

-- name: NamesakesOf :batchone
-- The first account of each name.
SELECT "accountId" FROM "userAccounts" WHERE "displayName" = @displayName
ORDER BY "accountId";

-- name: LogIn :copyfrom
-- Write down logins.
INSERT INTO "loginEvents" ("accountId", "IPAddress") VALUES (@accountId, @ipAddress);

-- name: StateOrNothing :opt
-- The state of the only account of that name.
SELECT "accountState" FROM "userAccounts" WHERE "displayName" = @displayName;

-- name: MoveAccount :one
-- Change an account's address.
-- @optimistic rowVersion
UPDATE "userAccounts" SET "homeAddress" = @homeAddress, "rowVersion" = "rowVersion" + 1
WHERE "accountId" = @accountId AND "rowVersion" = @rowVersion
RETURNING "rowVersion";
