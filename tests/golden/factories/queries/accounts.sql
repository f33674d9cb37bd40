-- name: CountAccounts :one
-- The number of accounts.
SELECT count(*) FROM accounts;
