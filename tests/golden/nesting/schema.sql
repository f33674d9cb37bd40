CREATE TYPE step AS (number integer, label text);
CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE tasks (
    id integer PRIMARY KEY,
    title text NOT NULL,
    owner_id integer REFERENCES users,
    steps step[] NOT NULL DEFAULT '{}' CHECK (array_position(steps, NULL) IS NULL)
);
