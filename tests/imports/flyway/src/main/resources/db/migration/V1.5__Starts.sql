ALTER TABLE events ADD COLUMN starts timestamptz NOT NULL;
