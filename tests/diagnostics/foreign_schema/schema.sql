CREATE TABLE tasks (
    id int PRIMARY KEY,
    photo blob
);
