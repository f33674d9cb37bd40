CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    tenant_id integer NOT NULL,
    title text NOT NULL,
    lock_owner text,
    version integer NOT NULL DEFAULT 1
);
CREATE TABLE documents (
    slug text,
    language text,
    body text NOT NULL,
    revision uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (slug, language)
);
