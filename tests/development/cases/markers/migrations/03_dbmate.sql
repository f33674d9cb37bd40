-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY a03 ON tasks (id);
-- migrate:down transaction:false
DROP INDEX CONCURRENTLY a03;
