CREATE TYPE status AS ENUM ('open', 'done');
CREATE DOMAIN filled AS text NOT NULL;
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text, nick filled);
CREATE TABLE tasks (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL,
    owner_id int REFERENCES users, status status NOT NULL DEFAULT 'open',
    data jsonb, created timestamptz NOT NULL DEFAULT now()
);
CREATE VIEW named AS SELECT id, name FROM users;
CREATE FUNCTION found(min_id int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION many(VARIADIC words text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE work(task int, who text) LANGUAGE sql AS 'SELECT 1';
