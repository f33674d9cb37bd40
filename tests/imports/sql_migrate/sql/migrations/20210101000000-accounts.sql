-- +migrate Up
CREATE TABLE accounts (iban text PRIMARY KEY, owner uuid NOT NULL, opened timestamp NOT NULL DEFAULT now());
-- +migrate Down
DROP TABLE accounts;
