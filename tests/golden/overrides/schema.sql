CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE mood AS ENUM ('sad', 'very happy');
CREATE DOMAIN price AS numeric CHECK (VALUE >= 0);
CREATE DOMAIN prices AS numeric[];
CREATE TYPE price_range AS RANGE (subtype = numeric);
CREATE TYPE address AS (street text, zip text, extra jsonb, rate numeric, mail email);
CREATE TYPE citing;
CREATE FUNCTION citing_in(cstring) RETURNS citing LANGUAGE internal STRICT AS 'textin';
CREATE FUNCTION citing_out(citing) RETURNS cstring LANGUAGE internal STRICT AS 'textout';
CREATE TYPE citing (INPUT = citing_in, OUTPUT = citing_out, LIKE = text);
CREATE TABLE routes (id integer PRIMARY KEY, start jsonb NOT NULL, stops jsonb[] NOT NULL);
CREATE TABLE accounts (
    id integer PRIMARY KEY,
    email email NOT NULL UNIQUE,
    mood mood NOT NULL,
    code text,
    balance numeric(12, 2) NOT NULL,
    rate price NOT NULL,
    rates prices,
    rating price_range,
    settings jsonb NOT NULL,
    history jsonb,
    profiles json[] NOT NULL,
    home address,
    token text NOT NULL,
    remark citing
);
