CREATE TABLE teams (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE owners (id int PRIMARY KEY, name text NOT NULL, note text,
    team_id int NOT NULL REFERENCES teams, boss_id int REFERENCES teams,
    code varchar(9) NOT NULL UNIQUE, gone boolean NOT NULL DEFAULT false);
CREATE TABLE tasks (id int PRIMARY KEY, title text NOT NULL, note text,
    owner_id int NOT NULL REFERENCES owners, helper_id int REFERENCES owners,
    owner_code varchar(9) NOT NULL REFERENCES owners (code));
CREATE VIEW all_owners AS SELECT name, id, note, code FROM owners;
CREATE VIEW all_again AS SELECT id AS key, name AS title FROM all_owners ORDER BY name;
CREATE VIEW present AS SELECT id, name FROM owners WHERE NOT gone;
CREATE VIEW with_team AS SELECT o.id, o.name, t.name AS team
    FROM owners o JOIN teams t ON t.id = o.team_id;
CREATE VIEW with_boss AS SELECT o.id, o.name, t.name AS boss
    FROM owners o JOIN teams t ON t.id = o.boss_id;
CREATE VIEW maybe_boss AS SELECT o.id, o.name, t.name AS boss
    FROM owners o LEFT JOIN teams t ON t.id = o.boss_id;
CREATE VIEW counted AS SELECT o.id, o.name, count(t.id) AS n
    FROM owners o LEFT JOIN tasks t ON t.owner_id = o.id GROUP BY o.id;
CREATE VIEW first_ten AS SELECT id, name FROM owners ORDER BY id LIMIT 10;
CREATE VIEW titled AS SELECT title, owner_id, helper_id FROM tasks;

CREATE TABLE regions (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE region PARTITION OF regions DEFAULT;
CREATE TABLE places (id int PRIMARY KEY, region_id int NOT NULL REFERENCES regions);
CREATE TABLE checked (id int PRIMARY KEY, a text CHECK (a IS NOT NULL),
    b text, c int, d int, e text CHECK (e <> ''), f text,
    CONSTRAINT bc CHECK (b IS NOT NULL AND c > 0), CHECK (d IS NOT NULL OR c > 0));
ALTER TABLE checked ADD CHECK (f IS NOT NULL) NOT VALID;
CREATE TABLE parent (id int PRIMARY KEY, a text CHECK (a IS NOT NULL),
    b text, CHECK (b IS NOT NULL) NO INHERIT, g text GENERATED ALWAYS AS (a) STORED);
CREATE TABLE child (extra text) INHERITS (parent);
CREATE TABLE parted (id int NOT NULL, a text CHECK (a IS NOT NULL))
    PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted DEFAULT;
CREATE TABLE made (id int PRIMARY KEY, a text NOT NULL, b text,
    ab text GENERATED ALWAYS AS (a || coalesce(b, '')) STORED,
    bb text GENERATED ALWAYS AS (b || b) STORED,
    n int GENERATED ALWAYS AS (nullif(length(a), 3)) STORED);

CREATE FUNCTION added(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION added(a text, b text) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
CREATE FUNCTION atomic(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql
    BEGIN ATOMIC SELECT a + b; END;
CREATE FUNCTION nothing(a int DEFAULT NULL) RETURNS int LANGUAGE sql RETURN a;
CREATE FUNCTION careful(a int, b int) RETURNS int LANGUAGE sql STRICT RETURN 1;
CREATE FUNCTION title_of(wanted int) RETURNS text LANGUAGE sql STABLE
    AS 'SELECT title FROM tasks WHERE id = wanted';
CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT count(*) FROM tasks';
CREATE FUNCTION longest() RETURNS int LANGUAGE sql STABLE
    AS 'SELECT max(length(title)) FROM tasks';
CREATE FUNCTION last_counts() RETURNS bigint LANGUAGE sql
    AS 'SELECT NULL::bigint; SELECT count(*) FROM tasks;';
CREATE FUNCTION titles() RETURNS SETOF text LANGUAGE sql STABLE
    AS 'SELECT title FROM tasks';
CREATE FUNCTION notes() RETURNS SETOF text LANGUAGE sql STABLE
    AS 'SELECT note FROM tasks';
CREATE FUNCTION rows_of(o int) RETURNS TABLE (id int, title text, note text)
    LANGUAGE sql STABLE AS 'SELECT id, title, note FROM tasks WHERE owner_id = o';
CREATE FUNCTION of_strict(o int) RETURNS TABLE (o2 int, n bigint)
    LANGUAGE sql STABLE STRICT AS 'SELECT o, count(*) FROM tasks';
CREATE FUNCTION whole() RETURNS SETOF tasks LANGUAGE sql STABLE
    AS 'SELECT * FROM tasks';
CREATE FUNCTION one_whole(k int) RETURNS tasks LANGUAGE sql STABLE
    AS 'SELECT * FROM tasks WHERE id = k';
CREATE FUNCTION as_row() RETURNS SETOF tasks LANGUAGE sql STABLE
    AS 'SELECT t FROM tasks t';
CREATE FUNCTION outs(a int, OUT b int, OUT c text) LANGUAGE sql
    AS 'SELECT a, NULL::text';
CREATE FUNCTION listed(VARIADIC v int[]) RETURNS int LANGUAGE sql
    AS 'SELECT cardinality(v)';
CREATE FUNCTION calls() RETURNS int LANGUAGE sql RETURN atomic(1) + added(2, 3);
CREATE FUNCTION endless(n int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION endless(n int) RETURNS int LANGUAGE sql
    AS 'SELECT CASE WHEN n > 0 THEN endless(n - 1) ELSE 1 END';
CREATE FUNCTION nowhere() RETURNS void LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION written(k int) RETURNS int LANGUAGE sql
    AS $$ INSERT INTO teams VALUES (k, 'a') RETURNING id $$;
CREATE FUNCTION updated(k int) RETURNS int LANGUAGE sql
    AS $$ UPDATE teams SET name = 'a' WHERE id = k RETURNING id $$;
CREATE FUNCTION timed(t timestamptz) RETURNS time LANGUAGE sql AS 'SELECT t';
CREATE FUNCTION proc() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE SCHEMA other;
CREATE TABLE other.teams (id int, name text);
CREATE FUNCTION elsewhere() RETURNS SETOF text LANGUAGE sql SET search_path = other
    AS 'SELECT name FROM teams';
CREATE FUNCTION team_names() RETURNS SETOF text LANGUAGE sql
    AS 'SELECT name FROM teams';
CREATE FUNCTION moved() RETURNS SETOF text LANGUAGE sql SET search_path = other, public
    AS 'SELECT team_names()';
