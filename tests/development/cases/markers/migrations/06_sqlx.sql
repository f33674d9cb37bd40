-- no-transaction
CREATE INDEX CONCURRENTLY a06 ON tasks (id);
