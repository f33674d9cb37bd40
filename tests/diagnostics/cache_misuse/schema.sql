CREATE TABLE tasks (id bigint PRIMARY KEY, title text NOT NULL, due timestamptz);
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id text NOT NULL);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (tenant_id = current_setting('app.tenant_id'));
CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql STABLE
    AS $$ BEGIN RETURN (SELECT count(*) FROM tasks); END $$;
CREATE FUNCTION late(due timestamptz) RETURNS boolean LANGUAGE sql STABLE RETURN due < now();
