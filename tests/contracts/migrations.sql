-- agents: add a nullable column
ALTER TABLE agents ADD COLUMN owner text;
-- agents: add a column with a default
ALTER TABLE tools ADD COLUMN price int NOT NULL DEFAULT 0;
-- agents: add a column that must be written
ALTER TABLE tools ADD COLUMN vendor text; UPDATE tools SET vendor = 'x'; ALTER TABLE tools ALTER COLUMN vendor SET NOT NULL;
-- agents: drop a column
ALTER TABLE agents DROP COLUMN description;
-- agents: rename a column
ALTER TABLE tools RENAME COLUMN category TO kind;
-- agents: rename a table
ALTER TABLE tool_usage RENAME TO tool_calls;
-- agents: widen a column
ALTER TABLE tool_usage ALTER COLUMN duration_ms TYPE bigint;
-- agents: text to varchar
ALTER TABLE agents ALTER COLUMN description TYPE varchar(200);
-- agents: allow NULL
ALTER TABLE agents ALTER COLUMN configuration DROP NOT NULL;
-- agents: drop a default
ALTER TABLE tools ALTER COLUMN available DROP DEFAULT;
-- agents: add a label
ALTER TYPE agent_status ADD VALUE 'retired';
-- agents: rename a label
ALTER TYPE agent_status RENAME VALUE 'idle' TO 'resting';
-- agents: add a check
ALTER TABLE tools ADD CONSTRAINT tools_name_length CHECK (length(name) < 500) NOT VALID;
-- agents: drop a unique key that ON CONFLICT may name
ALTER TABLE agents DROP CONSTRAINT agents_name_key;
-- agents: add an index
CREATE INDEX ON agents (description);
-- agents: drop a table
DROP TABLE tool_usage CASCADE;
-- collaboration: add a nullable column
ALTER TABLE tasks ADD COLUMN owner text;
-- collaboration: drop a column
ALTER TABLE tasks DROP COLUMN lease_owner CASCADE;
-- collaboration: rename a column
ALTER TABLE tasks RENAME COLUMN title TO name;
-- collaboration: narrow a column
ALTER TABLE tasks ALTER COLUMN version TYPE int;
-- collaboration: text to jsonb
ALTER TABLE tasks ALTER COLUMN error TYPE jsonb USING to_jsonb(error);
-- collaboration: allow NULL
ALTER TABLE tasks ALTER COLUMN parameters DROP NOT NULL;
-- collaboration: forbid NULL
UPDATE tasks SET description = '' WHERE description IS NULL; ALTER TABLE tasks ALTER COLUMN description SET NOT NULL;
-- collaboration: add a foreign key
ALTER TABLE task_events ADD COLUMN parent uuid REFERENCES tasks (id);
-- collaboration: drop a materialized view
DROP MATERIALIZED VIEW mv_task_stats CASCADE;
-- collaboration: drop a function
DROP FUNCTION matching_tasks;
-- collaboration: add a label
ALTER TYPE task_priority ADD VALUE 'none' BEFORE 'low';
-- collaboration: add a trigger
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER nothing BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION nothing();
-- collaboration: drop a policy
DROP POLICY tenant_isolation ON tasks;
-- collaboration: split a table
CREATE TABLE task_leases AS SELECT id, lease_owner, lease_expires_at FROM tasks; ALTER TABLE tasks DROP COLUMN lease_owner CASCADE, DROP COLUMN lease_expires_at CASCADE;
-- collaboration: rename a type
ALTER TYPE task_status RENAME TO state_of_task;
-- collaboration: move a table to another schema
CREATE SCHEMA old; ALTER TABLE workspace_activity SET SCHEMA old;
-- control_plane: add a nullable column
ALTER TABLE users ADD COLUMN nickname text;
-- control_plane: add a column that must be written
ALTER TABLE policies ADD COLUMN owner text; UPDATE policies SET owner = 'x'; ALTER TABLE policies ALTER COLUMN owner SET NOT NULL;
-- control_plane: drop a column
ALTER TABLE audit_logs DROP COLUMN user_agent;
-- control_plane: rename a column and keep the old name as a generated one
ALTER TABLE organizations ADD COLUMN title text GENERATED ALWAYS AS (name) STORED;
-- control_plane: make a column generated
ALTER TABLE audit_logs DROP COLUMN latency_ms; ALTER TABLE audit_logs ADD COLUMN latency_ms int GENERATED ALWAYS AS (tokens_used) STORED;
-- control_plane: numeric to float
ALTER TABLE audit_logs ALTER COLUMN cost TYPE float8;
-- control_plane: widen a numeric
ALTER TABLE audit_logs ALTER COLUMN cost TYPE numeric(20, 8);
-- control_plane: uuid to text
ALTER TABLE audit_logs ALTER COLUMN resource_type TYPE varchar;
-- control_plane: inet to text
ALTER TABLE audit_logs ALTER COLUMN ip_address TYPE text USING host(ip_address);
-- control_plane: allow NULL
ALTER TABLE users ALTER COLUMN email DROP NOT NULL;
-- control_plane: add a unique key
ALTER TABLE policies ADD CONSTRAINT policies_unique UNIQUE (org_id, id);
-- control_plane: drop a check
ALTER TABLE organizations DROP CONSTRAINT organizations_name_check;
-- control_plane: rename a constraint
ALTER TABLE organizations RENAME CONSTRAINT organizations_slug_key TO organizations_slug_unique;
-- control_plane: row-level security
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- control_plane: replace a table by a view
ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people;
-- control_plane: drop a label
ALTER TYPE user_role RENAME TO old_role; CREATE TYPE user_role AS ENUM ('owner', 'admin', 'member'); UPDATE users SET role = 'member' WHERE role = 'viewer'; ALTER TABLE users ALTER COLUMN role DROP DEFAULT, ALTER COLUMN role TYPE user_role USING role::text::user_role, ALTER COLUMN role SET DEFAULT 'member'; DROP TYPE old_role;
-- flows: add a nullable column
ALTER TABLE states ADD COLUMN note text;
-- flows: drop a column
ALTER TABLE conversation_flows DROP COLUMN description;
-- flows: rename a column
ALTER TABLE integrations RENAME COLUMN name TO title;
-- flows: widen a column
ALTER TABLE conversation_flows ALTER COLUMN version TYPE varchar(40);
-- flows: integer to text
ALTER TABLE flow_analytics ALTER COLUMN metric_date TYPE text;
-- flows: timestamptz to timestamp
ALTER TABLE contexts ALTER COLUMN created_at TYPE timestamp;
-- flows: forbid NULL with a default
UPDATE conversation_flows SET description = '' WHERE description IS NULL; ALTER TABLE conversation_flows ALTER COLUMN description SET DEFAULT '', ALTER COLUMN description SET NOT NULL;
-- flows: drop a primary key
ALTER TABLE states DROP CONSTRAINT states_pkey;
-- flows: another primary key of the same columns
ALTER TABLE states DROP CONSTRAINT states_pkey, ADD CONSTRAINT states_key PRIMARY KEY (tenant_id, key);
-- flows: drop a function
DROP FUNCTION satisfies CASCADE;
-- flows: replace a function
CREATE OR REPLACE FUNCTION replace_default_flow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- flows: partition a table
ALTER TABLE states RENAME TO states_old; CREATE TABLE states (LIKE states_old INCLUDING ALL) PARTITION BY HASH (tenant_id); CREATE TABLE states_0 PARTITION OF states FOR VALUES WITH (MODULUS 1, REMAINDER 0); INSERT INTO states SELECT * FROM states_old; DROP TABLE states_old;
-- flows: drop an attribute
ALTER TYPE criterion DROP ATTRIBUTE operator CASCADE;
-- flows: add an attribute
ALTER TYPE criterion ADD ATTRIBUTE weight int CASCADE;
-- flows: statistics and comments
ANALYZE; COMMENT ON TABLE states IS 'other';
-- flows: text array to jsonb
ALTER TABLE conversation_flows DROP CONSTRAINT conversation_flows_tags_check, ALTER COLUMN tags DROP DEFAULT, ALTER COLUMN tags TYPE jsonb USING to_jsonb(tags);
