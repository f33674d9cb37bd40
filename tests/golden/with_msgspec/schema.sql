CREATE TYPE mood AS ENUM ('sad', 'very happy');
CREATE TYPE address AS (street text, mood mood);
CREATE DOMAIN email AS text;
CREATE DOMAIN settings AS jsonb;
CREATE TABLE people (
    id integer PRIMARY KEY,
    email email NOT NULL,
    mood mood NOT NULL,
    home address,
    others address[] NOT NULL,
    settings settings NOT NULL,
    token text,
    born date,
    age int4range,
    "json" jsonb NOT NULL,
    "copy" integer NOT NULL,
    "self" integer NOT NULL,
    "date" date,
    "model_config" text
);
CREATE DOMAIN home AS address;
CREATE DOMAIN options AS settings;
