CREATE INDEX CONCURRENTLY tasks_id ON tasks (id);
