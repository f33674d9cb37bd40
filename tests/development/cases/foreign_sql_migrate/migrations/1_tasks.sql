-- +migrate Up
CREATE TABLE tasks (id int PRIMARY KEY);
