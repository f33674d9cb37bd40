-- +goose Up
CREATE TYPE parcel_state AS ENUM ('packed', 'sent');
CREATE TABLE parcels (
    id bigserial PRIMARY KEY,
    depot_id uuid NOT NULL REFERENCES depots (id) ON DELETE CASCADE,
    state parcel_state NOT NULL DEFAULT 'packed',
    weight integer NOT NULL,
    tracking_url text,
    eta timestamptz
);
-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.eta := now();
    RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER parcels_touch BEFORE UPDATE ON parcels
    FOR EACH ROW EXECUTE FUNCTION touch();

-- +goose Down
DROP TABLE parcels;
DROP TYPE parcel_state;
