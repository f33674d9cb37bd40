-- migrate:up
CREATE TABLE tasks (id int PRIMARY KEY);
