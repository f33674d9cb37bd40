CREATE TABLE tasks (id integer PRIMARY KEY, title text NOT NULL);
CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text);
