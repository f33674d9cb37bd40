CREATE TYPE app_kind AS ENUM ('web-app', 'cli');
CREATE TABLE applications (
    id integer PRIMARY KEY,
    name text NOT NULL,
    kind app_kind NOT NULL,
    api_key_hash text NOT NULL,
    old_hash text,
    CONSTRAINT applications_name_key UNIQUE (name)
);
