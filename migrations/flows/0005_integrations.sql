CREATE TABLE integrations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    provider text NOT NULL,
    configuration jsonb NOT NULL DEFAULT '{}',
    enabled boolean NOT NULL DEFAULT true,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT integrations_pkey PRIMARY KEY (id),
    CONSTRAINT integrations_tenant_id_name_key UNIQUE (tenant_id, name),
    CONSTRAINT integrations_name_check CHECK (name <> ''),
    CONSTRAINT integrations_provider_check CHECK (provider <> ''),
    CONSTRAINT integrations_configuration_check CHECK (jsonb_typeof(configuration) = 'object')
);
COMMENT ON TABLE integrations IS 'A service outside that a tenant''s flows can call.';

CREATE INDEX integrations_created_at_idx ON integrations (tenant_id, created_at DESC, id DESC);
