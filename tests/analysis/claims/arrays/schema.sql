CREATE DOMAIN clean AS text[] CHECK (array_position(VALUE, NULL) IS NULL);
CREATE DOMAIN cleaner AS clean CHECK (cardinality(VALUE) < 9);
CREATE DOMAIN loose AS text[];
CREATE TYPE held AS (words text[], numbers int[]);
CREATE TABLE a (
    id int PRIMARY KEY, name text NOT NULL, note text,
    found text[] CHECK (array_position(found, NULL) IS NULL),
    limited varchar(9)[] CHECK (array_position(limited, NULL) IS NULL AND id > 0),
    optional int[] CHECK (optional IS NULL OR array_position(optional, NULL) IS NULL),
    removed int[] CHECK (removed = array_remove(removed, NULL)),
    among text[] CHECK (among <@ ARRAY['x', 'y']),
    within text[] CHECK ('{x,y}' @> within),
    negated text[] CHECK (NOT (array_position(negated, NULL) IS NOT NULL)),
    clean clean, cleaner cleaner, loose loose, held held, helds held[],
    raw text[] NOT NULL,
    other text[] CHECK (array_position(other, 'x') IS NULL),
    any_of text[] CHECK (array_position(any_of, NULL) IS NULL OR id > 5),
    overlapping text[] CHECK (overlapping && ARRAY['x']),
    late text[]
);
CREATE TABLE archive (
    id int PRIMARY KEY, row a, rows a[] CHECK (array_position(rows, NULL) IS NULL)
);
CREATE TABLE pair (a int NOT NULL, b text NOT NULL);
CREATE FUNCTION find(int) RETURNS a LANGUAGE sql AS 'SELECT NULL::a';
ALTER TABLE a ADD CONSTRAINT late CHECK (array_position(late, NULL) IS NULL) NOT VALID;
CREATE TABLE parent (
    tags text[] CHECK (array_position(tags, NULL) IS NULL),
    own text[], CONSTRAINT own CHECK (array_position(own, NULL) IS NULL) NO INHERIT
);
CREATE TABLE child () INHERITS (parent);
CREATE VIEW seen AS SELECT found, raw, array_agg(name) OVER () AS names FROM a;
CREATE MATERIALIZED VIEW kept AS SELECT found, raw, string_to_array(name, ' ') AS parts
    FROM a;
CREATE FUNCTION giving() RETURNS text[] LANGUAGE sql AS $$ SELECT '{NULL}'::text[] $$;
