CREATE TYPE status AS ENUM ('open', 'done');
CREATE TABLE tasks (
    id int PRIMARY KEY,
    title text NOT NULL,
    note text NOT NULL,
    status status NOT NULL,
    size int
);
