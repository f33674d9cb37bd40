-- é
CREATE TABLE tasks (id int);
