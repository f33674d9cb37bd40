CREATE TABLE events (id int PRIMARY KEY, title text NOT NULL, starts timestamptz NOT NULL);
