CREATE TYPE mood AS ENUM ('inProgress', 'in_progress');
CREATE TYPE pair AS ("leftSide" int, left_side int);
CREATE TABLE tasks (id int PRIMARY KEY, "createdAt" date, created_at date, mood mood, pair pair);
CREATE TABLE notes (id int PRIMARY KEY, "userId" int, "userID" int);
