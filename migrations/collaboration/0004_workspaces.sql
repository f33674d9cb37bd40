CREATE TABLE workspaces (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    owner_id text NOT NULL,
    state jsonb NOT NULL DEFAULT '{}',
    state_version bigint NOT NULL DEFAULT 1,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT workspaces_pkey PRIMARY KEY (id),
    CONSTRAINT workspaces_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT workspaces_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES agents (tenant_id, id),
    CONSTRAINT workspaces_name_check CHECK (name <> '')
);
COMMENT ON TABLE workspaces IS 'Where agents work together, with a state that they share.';
COMMENT ON COLUMN workspaces.state_version IS 'Counts the changes of the state, for optimistic locking.';

CREATE TABLE workspace_members (
    workspace_id uuid NOT NULL,
    agent_id text NOT NULL,
    tenant_id uuid NOT NULL,
    role member_role NOT NULL DEFAULT 'viewer',
    permissions text[] NOT NULL DEFAULT '{}' CHECK (array_position(permissions, NULL) IS NULL),
    joined_at timestamptz NOT NULL DEFAULT now(),
    last_activity_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT workspace_members_pkey PRIMARY KEY (workspace_id, agent_id),
    CONSTRAINT workspace_members_workspace_id_fkey
        FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT workspace_members_agent_id_fkey
        FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE workspace_members IS 'An agent that takes part in a workspace.';
COMMENT ON COLUMN workspace_members.permissions IS 'What the member may do beyond the role.';

CREATE TABLE workspace_activity (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    agent_id text NOT NULL,
    action text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    timestamp timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT workspace_activity_pkey PRIMARY KEY (id),
    CONSTRAINT workspace_activity_workspace_id_fkey
        FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT workspace_activity_action_check CHECK (action <> '')
);
COMMENT ON TABLE workspace_activity IS 'What agents did in a workspace.';

CREATE TABLE shared_documents (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    title text NOT NULL,
    content text NOT NULL DEFAULT '',
    content_type text NOT NULL DEFAULT 'text/plain',
    vector_clock jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    last_sequence bigint NOT NULL DEFAULT 0,
    lock_owner text,
    lock_expires_at timestamptz,
    created_by text NOT NULL,
    last_modified_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT shared_documents_pkey PRIMARY KEY (id),
    CONSTRAINT shared_documents_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT shared_documents_workspace_id_fkey
        FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT shared_documents_title_check CHECK (title <> ''),
    CONSTRAINT shared_documents_lock_check CHECK ((lock_owner IS NULL) = (lock_expires_at IS NULL))
);
COMMENT ON TABLE shared_documents IS 'A document that the members of a workspace edit together.';
COMMENT ON COLUMN shared_documents.vector_clock IS 'Each agent''s count of its changes.';
COMMENT ON COLUMN shared_documents.version IS 'Counts the changes of title and content, for optimistic locking.';
COMMENT ON COLUMN shared_documents.last_sequence IS 'Number of the last operation that was recorded.';
COMMENT ON COLUMN shared_documents.lock_owner IS 'The agent that alone may change the document until the lock expires.';

CREATE TABLE document_operations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    document_id uuid NOT NULL,
    sequence bigint NOT NULL,
    operation_type text NOT NULL,
    path text NOT NULL,
    value jsonb,
    agent_id text NOT NULL,
    vector_clock jsonb NOT NULL DEFAULT '{}',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_at timestamptz,
    CONSTRAINT document_operations_pkey PRIMARY KEY (id),
    CONSTRAINT document_operations_document_id_fkey
        FOREIGN KEY (tenant_id, document_id) REFERENCES shared_documents (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT document_operations_sequence_check CHECK (sequence > 0),
    CONSTRAINT document_operations_operation_type_check CHECK (operation_type <> '')
);
COMMENT ON TABLE document_operations IS 'A change of a document, in the order in which the changes were made.';
COMMENT ON COLUMN document_operations.sequence IS 'Counted from 1 without gaps in each document.';
COMMENT ON COLUMN document_operations.applied_at IS 'When the operation became part of the content; NULL while it is pending.';
