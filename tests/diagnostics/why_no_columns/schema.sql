CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);

CREATE TABLE tasks (
    id int PRIMARY KEY,
    owner_id int REFERENCES users (id),
    title text NOT NULL,
    note text,
    done boolean NOT NULL
);
