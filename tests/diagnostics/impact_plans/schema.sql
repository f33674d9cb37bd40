CREATE TABLE tasks (id int PRIMARY KEY, title text, note text, size int);
CREATE INDEX tasks_title ON tasks (title);
CREATE INDEX tasks_size ON tasks (size);
DROP INDEX tasks_title;
DROP INDEX tasks_size;
CREATE INDEX tasks_sizes ON tasks (size, id);
CREATE INDEX tasks_note ON tasks (note);
