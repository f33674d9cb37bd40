CREATE TYPE spot AS (x integer, y integer);
CREATE TYPE kind AS ENUM ('task', 'note');
CREATE TABLE teams (id integer PRIMARY KEY, name text NOT NULL, parent integer);
CREATE TABLE tasks (
    id integer PRIMARY KEY,
    team_id integer REFERENCES teams,
    title text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    weight real NOT NULL DEFAULT 0,
    cost numeric NOT NULL DEFAULT 0,
    price money,
    spot spot,
    tags text[],
    code integer UNIQUE,
    UNIQUE NULLS NOT DISTINCT (team_id, title)
);
CREATE TABLE notes (id bigint PRIMARY KEY, task_id integer REFERENCES tasks,
    body text NOT NULL, at timestamptz NOT NULL);
CREATE TABLE parts (id integer NOT NULL, task_id integer REFERENCES tasks);
CREATE UNIQUE INDEX ON parts (id) WHERE task_id IS NOT NULL;
CREATE FUNCTION volatile_score(integer) RETURNS integer LANGUAGE plpgsql
    AS 'BEGIN RETURN 1; END';
CREATE FUNCTION stable_score(integer) RETURNS integer LANGUAGE plpgsql STABLE
    AS 'BEGIN RETURN 1; END';
CREATE FUNCTION fixed_score(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN 1; END';
CREATE AGGREGATE total (integer) (sfunc = int4pl, stype = integer);
CREATE VIEW aged AS SELECT id, now() - at AS age, title FROM tasks;
