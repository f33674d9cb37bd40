-- atlas:txmode none

CREATE INDEX CONCURRENTLY a05 ON tasks (id);
