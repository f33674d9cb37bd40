CREATE TABLE tasks (id integer PRIMARY KEY, title text NOT NULL);
CREATE TABLE migrations (id integer PRIMARY KEY, name text NOT NULL);
