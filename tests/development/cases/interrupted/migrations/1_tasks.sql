CREATE TABLE tasks (id int, title text);
INSERT INTO tasks VALUES (1, 'a'), (1, 'b');
