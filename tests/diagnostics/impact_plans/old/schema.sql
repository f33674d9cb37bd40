CREATE TABLE tasks (id int PRIMARY KEY, title text, note text, size int);
CREATE INDEX tasks_title ON tasks (title);
CREATE INDEX tasks_size ON tasks (size);
