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
