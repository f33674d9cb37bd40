CREATE TABLE pages (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    path ltree NOT NULL,
    title text NOT NULL,
    attributes hstore,
    embedding vector(3),
    secret bytea,
    shown tstzrange NOT NULL,
    password text NOT NULL DEFAULT crypt(gen_random_uuid()::text, gen_salt('bf')),
    search tsvector GENERATED ALWAYS AS (to_tsvector('english', title)) STORED,
    EXCLUDE USING gist (path WITH =, shown WITH &&)
);
CREATE INDEX ON pages USING gin (title gin_trgm_ops);
CREATE INDEX ON pages USING hnsw (embedding vector_l2_ops);
