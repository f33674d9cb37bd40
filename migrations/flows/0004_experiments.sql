CREATE TYPE experiment_status AS ENUM ('draft', 'running', 'completed');
COMMENT ON TYPE experiment_status IS 'Whether an experiment takes part in conversations.';

CREATE TABLE experiments (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    status experiment_status NOT NULL DEFAULT 'draft',
    started_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT experiments_pkey PRIMARY KEY (id),
    CONSTRAINT experiments_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT experiments_tenant_id_name_key UNIQUE (tenant_id, name),
    CONSTRAINT experiments_name_check CHECK (name <> ''),
    CONSTRAINT experiments_started_at_check CHECK ((status = 'draft') = (started_at IS NULL)),
    CONSTRAINT experiments_completed_at_check CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
COMMENT ON TABLE experiments IS 'A comparison of variants of a flow.';

CREATE INDEX experiments_created_at_idx ON experiments (tenant_id, created_at DESC, id DESC);

CREATE TABLE experiment_variants (
    experiment_id uuid NOT NULL,
    name text NOT NULL,
    tenant_id uuid NOT NULL,
    flow_id uuid NOT NULL,
    weight integer NOT NULL DEFAULT 1,
    CONSTRAINT experiment_variants_pkey PRIMARY KEY (experiment_id, name),
    CONSTRAINT experiment_variants_experiment_id_fkey
        FOREIGN KEY (tenant_id, experiment_id) REFERENCES experiments (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT experiment_variants_flow_id_fkey
        FOREIGN KEY (tenant_id, flow_id) REFERENCES conversation_flows (tenant_id, id),
    CONSTRAINT experiment_variants_name_check CHECK (name <> ''),
    CONSTRAINT experiment_variants_weight_check CHECK (weight > 0)
);
COMMENT ON TABLE experiment_variants IS 'One of the flows that an experiment compares.';
COMMENT ON COLUMN experiment_variants.weight IS 'Its share of the subjects, in proportion to the other weights.';

CREATE INDEX experiment_variants_flow_id_idx ON experiment_variants (flow_id);

CREATE TABLE experiment_assignments (
    experiment_id uuid NOT NULL,
    subject_id text NOT NULL,
    tenant_id uuid NOT NULL,
    variant text NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT experiment_assignments_pkey PRIMARY KEY (experiment_id, subject_id),
    CONSTRAINT experiment_assignments_experiment_id_fkey
        FOREIGN KEY (tenant_id, experiment_id) REFERENCES experiments (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT experiment_assignments_variant_fkey
        FOREIGN KEY (experiment_id, variant) REFERENCES experiment_variants (experiment_id, name),
    CONSTRAINT experiment_assignments_subject_id_check CHECK (subject_id <> '')
);
COMMENT ON TABLE experiment_assignments IS 'The variant that a subject of an experiment got, once and for all.';

CREATE INDEX experiment_assignments_variant_idx ON experiment_assignments (experiment_id, variant);
