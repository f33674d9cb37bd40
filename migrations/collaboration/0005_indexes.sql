-- Columns after the first serve the filter by tenant and the order of pages.
CREATE INDEX idx_tasks_tenant_status ON tasks (tenant_id, status) WHERE deleted_at IS NULL;
-- What is included lets the workload of an agent be told from the index alone.
CREATE INDEX idx_tasks_assigned_to ON tasks (assigned_to, tenant_id, created_at DESC, id DESC)
    INCLUDE (status, started_at, completed_at) WHERE deleted_at IS NULL;
-- With deleted subtasks, which go with a parent that is deleted for good.
CREATE INDEX idx_tasks_parent ON tasks (parent_task_id, tenant_id) WHERE parent_task_id IS NOT NULL;
-- With tasks that have no deadline, which come last in a list by deadline.
CREATE INDEX idx_tasks_deadline ON tasks (tenant_id, deadline, id) WHERE deleted_at IS NULL;

-- Lists of a tenant's tasks, page by page: the newest first, and by what else they are asked for.
CREATE INDEX idx_tasks_tenant_created ON tasks (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX idx_tasks_created_by ON tasks (tenant_id, created_by, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX idx_tasks_updated ON tasks (tenant_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_tasks_priority ON tasks (tenant_id, priority, id) WHERE deleted_at IS NULL;
-- The queue: what an agent can take next.
CREATE INDEX idx_tasks_ready ON tasks (tenant_id, priority DESC, created_at, id)
    WHERE deleted_at IS NULL AND status IN ('pending', 'assigned');
CREATE INDEX idx_tasks_lease ON tasks (lease_expires_at) WHERE lease_expires_at IS NOT NULL;
CREATE INDEX idx_tasks_schedule ON tasks (tenant_id, schedule, created_at, id)
    WHERE deleted_at IS NULL AND schedule IS NOT NULL;
-- What ended long ago and is to be archived.
CREATE INDEX idx_tasks_completed ON tasks (tenant_id, completed_at)
    WHERE deleted_at IS NULL AND completed_at IS NOT NULL;
-- Of use to roles that row-level security does not apply to: it lets nothing but its own comparison, and operators that
-- tell nothing of what they see, look into a table first. Those of arrays and of full text search are none of these.
CREATE INDEX idx_tasks_tags ON tasks USING gin (tags);
CREATE INDEX idx_tasks_search ON tasks USING gin (task_document(title, description)) WHERE deleted_at IS NULL;

CREATE INDEX idx_task_delegations_task ON task_delegations (task_id, delegated_at, id);
CREATE INDEX idx_task_delegations_to_agent ON task_delegations (to_agent, delegated_at);
CREATE INDEX idx_task_events_task ON task_events (task_id, id);

CREATE INDEX idx_workflows_tenant_status ON workflows (tenant_id, status) WHERE deleted_at IS NULL;
CREATE INDEX idx_workflows_tenant_type ON workflows (tenant_id, type) WHERE deleted_at IS NULL;
CREATE INDEX idx_workflows_tenant_created ON workflows (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX idx_workflow_transitions_workflow ON workflow_transitions (workflow_id);

CREATE INDEX idx_documents_workspace ON shared_documents (workspace_id) WHERE deleted_at IS NULL;
CREATE INDEX idx_documents_lock ON shared_documents (lock_owner, lock_expires_at) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX idx_operations_document_seq ON document_operations (document_id, sequence);
CREATE INDEX idx_operations_pending ON document_operations (document_id) WHERE applied_at IS NULL;

CREATE INDEX idx_workspaces_owner ON workspaces (tenant_id, owner_id);
CREATE INDEX idx_workspace_members_workspace ON workspace_members (workspace_id);
CREATE INDEX idx_workspace_members_agent ON workspace_members (agent_id);
CREATE INDEX idx_workspace_activity ON workspace_activity (workspace_id, timestamp DESC, id DESC);
