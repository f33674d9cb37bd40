CREATE TYPE address AS (street text);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE tasks (
    id integer PRIMARY KEY, title text NOT NULL, note text, size integer, mood mood,
    home address, a jsonb, b jsonb, c jsonb, d jsonb, e jsonb, f jsonb, g jsonb, h jsonb
);
