---- tern: disable-tx ----
CREATE INDEX CONCURRENTLY a07 ON tasks (id);
---- create above / drop below ----
DROP INDEX CONCURRENTLY a07;
