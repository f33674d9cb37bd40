CREATE TABLE a ();
\ir parts/a.sql
CREATE TABLE c ();
