CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL,
    title text NOT NULL,
    note text,
    CONSTRAINT tasks_title_key UNIQUE (tenant_id, title),
    CONSTRAINT tasks_title_check CHECK (title <> '')
);
COMMENT ON TABLE tasks IS 'What is to be done.';
COMMENT ON COLUMN tasks.note IS 'Free text; may be missing.';
