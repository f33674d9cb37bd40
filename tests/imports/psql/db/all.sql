\set ON_ERROR_STOP on
\set QUIET 1
\timing off
\pset pager off
\echo 'making the schema'
\ir types/all.sql
\i db/tables/cars.sql
\include_relative 'tables/trips.sql'
\copy cars (plate) FROM 'cars.csv' CSV
\q
CREATE TABLE never (made int);
