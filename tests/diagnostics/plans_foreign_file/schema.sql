CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    owner bigint NOT NULL REFERENCES users,
    title text NOT NULL,
    size int NOT NULL
);
CREATE INDEX tasks_size_idx ON tasks (size);
CREATE VIEW big_tasks AS SELECT * FROM tasks WHERE size > 5;
