-- agents: add a column
ALTER TABLE agents ADD COLUMN owner text;
-- agents: add an index
CREATE INDEX ON messages (role);
-- agents: add a foreign key
ALTER TABLE tool_usage ADD COLUMN task uuid REFERENCES tasks (id);
-- agents: forbid NULL
ALTER TABLE workflows ADD CONSTRAINT named CHECK (name IS NOT NULL) NOT VALID; ALTER TABLE workflows VALIDATE CONSTRAINT named; ALTER TABLE workflows ALTER COLUMN name SET NOT NULL;
-- agents: add a trigger
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER nothing BEFORE UPDATE ON playbooks FOR EACH ROW EXECUTE FUNCTION nothing();
-- agents: drop an unused table
CREATE TABLE unused (id int); DROP TABLE unused;
-- agents: lock against writers
LOCK TABLE conversations IN EXCLUSIVE MODE;
-- agents: comment
COMMENT ON TABLE tasks IS 'Tasks.';
-- collaboration: rewrite a table
ALTER TABLE workspaces ALTER COLUMN description TYPE char(500);
-- collaboration: check the rows that are there
ALTER TABLE task_events ADD CONSTRAINT events_kind CHECK (id IS NOT NULL) NOT VALID; ALTER TABLE task_events VALIDATE CONSTRAINT events_kind;
-- collaboration: refresh a materialized view
REFRESH MATERIALIZED VIEW mv_task_stats;
-- collaboration: empty a table
TRUNCATE workspace_activity;
-- collaboration: rebuild an index
REINDEX INDEX agents_pkey;
-- collaboration: replace a function
CREATE OR REPLACE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- collaboration: backfill
UPDATE workflows SET name = name;
-- control_plane: add a column with a default
ALTER TABLE audit_logs ADD COLUMN region text NOT NULL DEFAULT 'eu';
-- control_plane: add a unique key
CREATE UNIQUE INDEX ON organizations (id, name);
-- control_plane: rename a column
ALTER TABLE users RENAME COLUMN email TO mail;
-- control_plane: lock parents against deletion
LOCK TABLE applications IN SHARE ROW EXCLUSIVE MODE;
-- control_plane: statistics
ANALYZE policies; ALTER TABLE policies SET (autovacuum_enabled = off);
-- flows: drop a column
ALTER TABLE contexts DROP COLUMN expires_at;
-- flows: drop an index
CREATE INDEX later ON states (version); DROP INDEX later;
-- flows: add a policy
ALTER TABLE experiments ENABLE ROW LEVEL SECURITY;
-- flows: extend a view
CREATE VIEW recent AS SELECT * FROM conversation_flows;
-- flows: lock a parent from everything
LOCK TABLE flow_versions IN ACCESS EXCLUSIVE MODE;
