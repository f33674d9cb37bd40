CREATE TABLE a (id int);
\i nosuch.sql
