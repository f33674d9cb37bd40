CREATE TABLE events (id int PRIMARY KEY, title varchar(40));
