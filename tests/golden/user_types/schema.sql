CREATE SCHEMA billing;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy', 'a/b');
COMMENT ON TYPE mood IS 'How someone feels.';
CREATE TYPE billing.mood AS ENUM ('paid', 'due');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN work_email AS email;
CREATE DOMAIN amount AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE DOMAIN settings AS jsonb;
CREATE TYPE address AS (street text, zip text, mood mood);
COMMENT ON COLUMN address.zip IS 'May begin with a zero.';
CREATE TYPE span AS RANGE (subtype = numeric);
CREATE TABLE people (
    id integer PRIMARY KEY,
    email email NOT NULL,
    work work_email,
    mood mood NOT NULL,
    moods mood[] NOT NULL,
    home address,
    others address[] NOT NULL,
    settings settings NOT NULL,
    pay span
);
CREATE TABLE billing.people (
    id integer PRIMARY KEY,
    mood billing.mood NOT NULL,
    amount amount NOT NULL,
    CONSTRAINT people_amount_check CHECK (amount < 1000)
);
CREATE VIEW happy_people AS SELECT id, email, mood FROM people WHERE mood = 'very happy';
