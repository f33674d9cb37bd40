-- migrate:up
CREATE TABLE polls (id serial PRIMARY KEY, question text NOT NULL);

-- migrate:down
DROP TABLE polls;
