CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    due timestamptz
);
