-- +goose Up
ALTER TABLE parcels ADD COLUMN label jsonb NOT NULL DEFAULT '{}';
ALTER TABLE parcels ALTER COLUMN weight TYPE numeric(10, 2);

-- +goose Down
ALTER TABLE parcels DROP COLUMN label;
