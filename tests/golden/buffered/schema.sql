CREATE TYPE level AS ENUM ('info', 'error');
CREATE TABLE entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    level level NOT NULL,
    message text NOT NULL CONSTRAINT entries_message_check CHECK (message <> ''),
    token text,
    details jsonb
);
CREATE TABLE visits (
    page text PRIMARY KEY,
    seen integer NOT NULL DEFAULT 1
);
CREATE TABLE pings (host text NOT NULL);
