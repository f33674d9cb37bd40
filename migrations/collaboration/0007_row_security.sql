DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'agents', 'tasks', 'task_delegations', 'task_events',
        'workflows', 'workflow_stages', 'workflow_transitions',
        'workspaces', 'workspace_members', 'workspace_activity',
        'shared_documents', 'document_operations'
    ]
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())',
            name
        );
    END LOOP;
END;
$$;

-- Under row-level security no index serves a full text search. This one runs as the owner, who is to be a role that
-- row-level security does not apply to, and keeps to the tenant by itself.
CREATE FUNCTION matching_tasks(query tsquery) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT id FROM tasks
    WHERE tenant_id = current_tenant()
      AND deleted_at IS NULL
      AND task_document(title, description) @@ query;
END;
COMMENT ON FUNCTION matching_tasks(tsquery) IS
    'The current tenant''s tasks that a search finds. For roles that may see tasks.';

REVOKE ALL ON FUNCTION matching_tasks FROM PUBLIC;
