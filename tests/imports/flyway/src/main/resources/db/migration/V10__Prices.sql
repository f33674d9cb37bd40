ALTER TABLE tickets ALTER COLUMN price TYPE numeric USING price::numeric;
