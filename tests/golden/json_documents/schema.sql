CREATE TYPE mood AS ENUM ('calm', 'very busy');
CREATE TYPE size AS ENUM ('s', 'm');
-- JSON of this enum is what the cast makes of it.
CREATE FUNCTION size_json(size) RETURNS json LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE $1 WHEN 's' THEN '1' ELSE '2' END::json $$;
CREATE CAST (size AS json) WITH FUNCTION size_json(size);
CREATE DOMAIN cents AS bigint;
CREATE DOMAIN moment AS timestamptz;
CREATE TYPE point3 AS (x integer, y integer, z integer);
CREATE TABLE values_of_all_types (
    id integer PRIMARY KEY,
    a_bool bool, an_int2 int2, an_int4 int4, an_int8 int8, an_oid oid,
    a_float4 float4, a_float8 float8, a_numeric numeric,
    a_text text, a_varchar varchar(20), a_char char(5), a_name name, a_uuid uuid,
    a_bytea bytea, an_inet inet, a_cidr cidr,
    a_date date, a_time time, a_timetz timetz,
    a_timestamp timestamp, a_timestamptz timestamptz, an_interval interval,
    a_mood mood, a_size size, some_cents cents, a_moment moment,
    an_array integer[], moods mood[], numbers numeric[],
    a_json json, a_jsonb jsonb, a_point point3, a_range int4range, a_macaddr macaddr
);
CREATE TABLE accounts (
    id integer PRIMARY KEY, name text NOT NULL, token text NOT NULL,
    credit numeric NOT NULL
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts,
    note text
);
CREATE TABLE items (
    order_id integer NOT NULL REFERENCES orders,
    position integer NOT NULL,
    price numeric(10, 2) NOT NULL,
    tags text[] NOT NULL,
    mood mood,
    PRIMARY KEY (order_id, position)
);
CREATE VIEW order_items AS
SELECT o.id, o.note, jsonb_agg(to_jsonb(i)) AS items
FROM orders o JOIN items i ON i.order_id = o.id GROUP BY o.id, o.note;
CREATE FUNCTION app_agg(jsonb[]) RETURNS jsonb LANGUAGE sql AS $$ SELECT '[]'::jsonb $$;
CREATE SCHEMA other;
CREATE FUNCTION other.jsonb_build_object(text, text) RETURNS jsonb
LANGUAGE sql AS $$ SELECT '1'::jsonb $$;
CREATE TABLE texts (at timestamptz NOT NULL, ratio float8 NOT NULL, day date NOT NULL);
