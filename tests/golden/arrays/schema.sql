CREATE DOMAIN clean AS text[] CHECK (array_position(VALUE, NULL) IS NULL);
CREATE DOMAIN labels AS text[];
CREATE TYPE outline AS (title text, headings text[], pages integer[]);
CREATE TABLE posts (
    id integer PRIMARY KEY,
    title text NOT NULL,
    note text,
    tags text[] NOT NULL CHECK (array_position(tags, NULL) IS NULL),
    roles text[] CHECK (roles <@ ARRAY['reader', 'writer']),
    raw text[] NOT NULL DEFAULT '{}',
    words text[],
    scores integer[],
    clean clean,
    labels labels,
    outline outline,
    documents jsonb[] NOT NULL DEFAULT '{}',
    document jsonb NOT NULL DEFAULT '{}',
    draft jsonb
);
