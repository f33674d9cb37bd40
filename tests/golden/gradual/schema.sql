CREATE TABLE tasks (id integer PRIMARY KEY, title text NOT NULL);
CREATE TABLE repository_migrations (id integer PRIMARY KEY, name text NOT NULL);
