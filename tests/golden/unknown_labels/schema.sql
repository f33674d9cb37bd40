CREATE TYPE status AS ENUM ('open', 'in progress');
CREATE TYPE taken AS ENUM ('unknown', 'UNKNOWN');
CREATE DOMAIN initial AS status;
CREATE TYPE change AS (was status, at date);
CREATE TABLE tasks (
    id integer PRIMARY KEY,
    status status NOT NULL,
    others status[] NOT NULL DEFAULT '{}',
    first initial,
    change change,
    taken taken
);
