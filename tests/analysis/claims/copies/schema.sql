CREATE TYPE pair AS (x int, y int);
CREATE TABLE tasks (id int PRIMARY KEY, title text, at pair, ids int[]);
CREATE TABLE guarded (id int PRIMARY KEY);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE VIEW titles AS SELECT id, title FROM tasks;
CREATE TABLE "values" ("values" int, "default" int);
CREATE FUNCTION now_too() RETURNS int LANGUAGE sql AS 'SELECT 1';
