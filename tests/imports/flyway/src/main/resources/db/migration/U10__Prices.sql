ALTER TABLE tickets ALTER COLUMN price TYPE money;
