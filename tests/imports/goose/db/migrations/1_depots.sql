-- +goose Up
-- +goose ENVSUB OFF
CREATE TABLE depots (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE
);

-- +goose Down
DROP TABLE depots;
