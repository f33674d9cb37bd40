CREATE TABLE boxes (
    width integer NOT NULL,
    area integer GENERATED ALWAYS AS (width * width) STORED,
    id integer GENERATED ALWAYS AS IDENTITY
);
