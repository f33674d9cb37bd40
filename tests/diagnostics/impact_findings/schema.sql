CREATE TYPE status AS ENUM ('open', 'done');
CREATE TABLE tasks (
    id int PRIMARY KEY,
    title text NOT NULL,
    note text NOT NULL,
    status status NOT NULL,
    size int
);
ALTER TYPE status ADD VALUE 'late';
ALTER TABLE tasks RENAME COLUMN title TO name;
ALTER TABLE tasks ALTER COLUMN note DROP NOT NULL;
ALTER TABLE tasks ALTER COLUMN size TYPE bigint;
ALTER TABLE tasks ADD COLUMN owner text NOT NULL;
ALTER TABLE tasks ADD CONSTRAINT tasks_size_check CHECK (size > 0);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks DROP CONSTRAINT tasks_pkey;
CREATE FUNCTION round_size() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.size := NEW.size / 10 * 10; RETURN NEW; END';
CREATE TRIGGER rounded BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION round_size();
