CREATE TABLE notes (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL DEFAULT current_setting('app.tenant_id')::uuid,
    title text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, title)
);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notes
    USING (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT ALL ON notes TO PUBLIC;
