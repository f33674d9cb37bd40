-- name: CreateAccount :exec
INSERT INTO accounts
VALUES (@id, @email, @mood, @code, @balance, @rate, @rates, @rating, @settings, @history,
        @profiles, @home, @token, @remark);

-- name: CopyAccounts :copyfrom
INSERT INTO accounts (id, email, mood, code, balance, rate, rates, rating, settings,
                      history, profiles, home, token, remark)
VALUES (@id, @email, @mood, @code, @balance, @rate, @rates, @rating, @settings, @history,
        @profiles, @home, @token, @remark);

-- name: SaveAccounts :batchone
UPDATE accounts SET settings = @settings, code = @code WHERE id = @id RETURNING code;

-- name: GetAccount :one
SELECT * FROM accounts WHERE id = @id;

-- name: ListByEmail :many
SELECT id FROM accounts WHERE email = ANY (@emails::email[]) ORDER BY id;

-- name: SearchSettings :many
SELECT id, settings FROM accounts WHERE settings @> @part ORDER BY id;

-- name: SumBalances :one
SELECT sum(balance) AS total, avg(rate) AS mean FROM accounts;

-- name: NestAccounts :one
SELECT array_agg(a ORDER BY a.id) AS accounts FROM accounts a;

-- name: EmbedAccount :one
SELECT sqlc.embed(accounts), accounts.id + 1 AS next FROM accounts WHERE id = @id;

-- name: StreamSettings :stream
SELECT id, settings FROM accounts ORDER BY id;

-- name: ExportAccounts :copyto
SELECT id, code FROM accounts WHERE mood = @mood AND email = @email;
