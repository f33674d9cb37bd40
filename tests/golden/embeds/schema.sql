CREATE TABLE users (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text
);
CREATE TABLE tasks (
    id integer PRIMARY KEY,
    title text NOT NULL,
    owner_id integer REFERENCES users,
    reviewer_id integer REFERENCES users
);
CREATE TABLE notes (task_id integer, note text);
CREATE VIEW titles AS SELECT id, title FROM tasks;
CREATE TABLE measures (task_id integer, size integer) PARTITION BY HASH (task_id);
CREATE TABLE measures_0 PARTITION OF measures FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE batches (id integer PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE batches_0 PARTITION OF batches FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- What the server makes of it for each partition has no class of its own.
CREATE TABLE batch_notes (batch_id integer REFERENCES batches);
