CREATE TABLE tasks (id int, title text NOT NULL);
INSERT INTO tasks VALUES (1, NULL);
