CREATE TABLE playbooks (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    description text,
    category text NOT NULL,
    status playbook_status NOT NULL DEFAULT 'draft',
    is_template boolean NOT NULL DEFAULT false,
    content jsonb NOT NULL DEFAULT '{}',
    current_version integer NOT NULL DEFAULT 0,
    tags text[] NOT NULL DEFAULT '{}' CHECK (array_position(tags, NULL) IS NULL),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT playbooks_pkey PRIMARY KEY (id),
    CONSTRAINT playbooks_name_key UNIQUE (name),
    CONSTRAINT playbooks_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT playbooks_name_check CHECK (name <> ''),
    CONSTRAINT playbooks_current_version_check CHECK (current_version >= 0)
);
COMMENT ON TABLE playbooks IS 'Instructions that agents follow.';
COMMENT ON COLUMN playbooks.is_template IS 'Made to be copied, not to be run.';
COMMENT ON COLUMN playbooks.content IS 'The instructions as they are being edited.';
COMMENT ON COLUMN playbooks.current_version IS 'The version published last; 0 before the first.';

CREATE INDEX playbooks_category_idx ON playbooks (category, name);
CREATE INDEX playbooks_template_idx ON playbooks (name) WHERE is_template;
CREATE INDEX playbooks_created_at_idx ON playbooks (created_at DESC, id DESC);
CREATE INDEX playbooks_tags_idx ON playbooks USING gin (tags);
CREATE INDEX playbooks_created_by_idx ON playbooks (created_by);

CREATE TABLE playbook_versions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    playbook_id uuid NOT NULL,
    version integer NOT NULL,
    content jsonb NOT NULL,
    change_note text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT playbook_versions_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_versions_playbook_id_version_key UNIQUE (playbook_id, version),
    CONSTRAINT playbook_versions_playbook_id_fkey FOREIGN KEY (playbook_id) REFERENCES playbooks (id) ON DELETE CASCADE,
    CONSTRAINT playbook_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT playbook_versions_version_check CHECK (version > 0)
);
COMMENT ON TABLE playbook_versions IS 'The instructions as they were published; they stay as they are.';

CREATE INDEX playbook_versions_created_by_idx ON playbook_versions (created_by);

CREATE TABLE playbook_executions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    playbook_id uuid NOT NULL,
    version integer NOT NULL,
    agent_id uuid,
    status execution_status NOT NULL,
    input jsonb NOT NULL DEFAULT '{}',
    output jsonb,
    error text,
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    CONSTRAINT playbook_executions_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_executions_version_fkey
        FOREIGN KEY (playbook_id, version) REFERENCES playbook_versions (playbook_id, version) ON DELETE CASCADE,
    CONSTRAINT playbook_executions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE SET NULL,
    CONSTRAINT playbook_executions_completed_at_check
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL))
);
COMMENT ON TABLE playbook_executions IS 'One run of a version of a playbook.';

CREATE INDEX playbook_executions_playbook_id_idx ON playbook_executions (playbook_id, started_at DESC, id DESC);
CREATE INDEX playbook_executions_agent_id_idx ON playbook_executions (agent_id, started_at DESC);
