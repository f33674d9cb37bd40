CREATE EXTENSION citext;
CREATE TABLE notes (id int PRIMARY KEY, body text, tenant_ref text NOT NULL, created timestamptz NOT NULL DEFAULT now());
