CREATE TABLE users (user_id int PRIMARY KEY, name text);
