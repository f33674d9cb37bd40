CREATE TYPE plan AS ENUM ('free', 'paid');
CREATE TYPE address AS (street text, city text);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '_%@_%');
CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email email NOT NULL UNIQUE,
    token text NOT NULL,
    plan plan NOT NULL DEFAULT 'free',
    address address,
    tags text[] NOT NULL DEFAULT '{}',
    settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
    domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED
);
CREATE TABLE events (
    account_id bigint NOT NULL REFERENCES accounts,
    "class" text NOT NULL,
    "import" integer,
    at date NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
