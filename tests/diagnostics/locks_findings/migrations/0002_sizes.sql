ALTER TABLE tasks ADD COLUMN hours int;
ALTER TABLE tasks ALTER COLUMN size TYPE bigint;
CREATE INDEX ON projects (name);
COMMENT ON TABLE tasks IS 'What is to be done.';
