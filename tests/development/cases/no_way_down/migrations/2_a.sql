-- +goose Up
CREATE TABLE a ();
-- +goose Down
