-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY a04 ON tasks (id);
-- +migrate Down notransaction
DROP INDEX CONCURRENTLY a04;
