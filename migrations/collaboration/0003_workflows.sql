CREATE TABLE workflows (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    status workflow_status NOT NULL DEFAULT 'pending',
    definition jsonb NOT NULL DEFAULT '{}',
    current_stage integer NOT NULL DEFAULT 0,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT workflows_pkey PRIMARY KEY (id),
    CONSTRAINT workflows_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT workflows_name_check CHECK (name <> ''),
    CONSTRAINT workflows_type_check CHECK (type <> ''),
    CONSTRAINT workflows_current_stage_check CHECK (current_stage >= 0),
    CONSTRAINT workflows_definition_check CHECK (jsonb_typeof(definition) = 'object')
);
COMMENT ON TABLE workflows IS 'Work in stages, one after the other.';
COMMENT ON COLUMN workflows.definition IS 'Its "stages" are an array of objects with name, type and config.';
COMMENT ON COLUMN workflows.current_stage IS 'Index of the stage that was reached, from 0.';

CREATE TABLE workflow_stages (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    stage_index integer NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    config jsonb NOT NULL DEFAULT '{}',
    status stage_status NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT workflow_stages_pkey PRIMARY KEY (id),
    CONSTRAINT workflow_stages_workflow_id_stage_index_key UNIQUE (workflow_id, stage_index),
    CONSTRAINT workflow_stages_workflow_id_fkey
        FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflows (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT workflow_stages_stage_index_check CHECK (stage_index >= 0),
    CONSTRAINT workflow_stages_name_check CHECK (name <> '')
);
COMMENT ON TABLE workflow_stages IS 'One stage of a workflow.';

CREATE TABLE workflow_transitions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    from_stage integer NOT NULL,
    to_stage integer NOT NULL,
    status stage_status NOT NULL,
    transition_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT workflow_transitions_pkey PRIMARY KEY (id),
    CONSTRAINT workflow_transitions_workflow_id_fkey
        FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflows (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE workflow_transitions IS 'A step of a workflow from one stage to the next, or to another status of the same.';
COMMENT ON COLUMN workflow_transitions.status IS 'What became of the stage that was reached.';
