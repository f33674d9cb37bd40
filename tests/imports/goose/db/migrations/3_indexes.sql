-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY parcels_state ON parcels (state);
ALTER TYPE parcel_state ADD VALUE 'lost';
UPDATE parcels SET state = 'lost' WHERE weight < 0;

-- +goose Down
DROP INDEX CONCURRENTLY parcels_state;
