CREATE TABLE t (id int PRIMARY KEY, note text, version int NOT NULL);
