-- What makes rows unique: keys of one and more columns, partial, inherited, partitioned.
CREATE TABLE keyed (id int PRIMARY KEY, code text NOT NULL UNIQUE,
    nick text UNIQUE, alone text UNIQUE NULLS NOT DISTINCT, a int, b int NOT NULL,
    live boolean NOT NULL, slug text NOT NULL, UNIQUE (a, b));
CREATE UNIQUE INDEX live_slug ON keyed (slug) WHERE live;
CREATE UNIQUE INDEX low_slug ON keyed (lower(slug));
CREATE TABLE items (id int PRIMARY KEY, keyed_id int NOT NULL REFERENCES keyed,
    other_id int REFERENCES keyed, place int NOT NULL, note text,
    UNIQUE (keyed_id, place));
-- Another unique index stands before the primary key.
CREATE TABLE twice (a int NOT NULL CONSTRAINT a_first UNIQUE, id int,
    CONSTRAINT z_key PRIMARY KEY (id), CONSTRAINT b_id UNIQUE (id));
CREATE TABLE parent (id int PRIMARY KEY, note text);
CREATE TABLE child (extra int) INHERITS (parent);
CREATE TABLE parted (id int, kind text, note text, PRIMARY KEY (id, kind))
    PARTITION BY LIST (kind);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
CREATE TABLE loose (n int, note text);
CREATE VIEW seen AS SELECT id, code FROM keyed;
CREATE VIEW grouped AS SELECT keyed_id, count(*) AS n FROM items GROUP BY keyed_id;
CREATE FUNCTION several() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION single() RETURNS int LANGUAGE sql AS 'SELECT 1';
