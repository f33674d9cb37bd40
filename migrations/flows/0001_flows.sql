CREATE TYPE flow_status AS ENUM ('draft', 'active', 'archived');
COMMENT ON TYPE flow_status IS 'Whether a flow may be used.';

CREATE TYPE change_type AS ENUM ('major', 'minor', 'patch');
COMMENT ON TYPE change_type IS 'How much a version of a flow changed.';

CREATE TABLE conversation_flows (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    version text NOT NULL DEFAULT '1.0',
    description text,
    flow_definition jsonb NOT NULL,
    status flow_status NOT NULL DEFAULT 'draft',
    is_default boolean NOT NULL DEFAULT false,
    tags text[] NOT NULL DEFAULT '{}' CHECK (array_position(tags, NULL) IS NULL),
    usage_count bigint NOT NULL DEFAULT 0,
    last_used_at timestamptz,
    published_at timestamptz,
    published_by uuid,
    created_by uuid,
    updated_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT conversation_flows_pkey PRIMARY KEY (id),
    CONSTRAINT conversation_flows_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT conversation_flows_tenant_id_name_version_key UNIQUE (tenant_id, name, version),
    CONSTRAINT conversation_flows_name_check CHECK (name <> ''),
    CONSTRAINT conversation_flows_version_check CHECK (version <> ''),
    CONSTRAINT conversation_flows_flow_definition_check CHECK (jsonb_typeof(flow_definition) = 'object'),
    CONSTRAINT conversation_flows_usage_count_check CHECK (usage_count >= 0),
    CONSTRAINT conversation_flows_is_default_check CHECK (status = 'active' OR NOT is_default),
    CONSTRAINT conversation_flows_published_at_check CHECK (status <> 'active' OR published_at IS NOT NULL)
);
COMMENT ON TABLE conversation_flows IS 'How a conversation goes, as a tenant designed it.';
COMMENT ON COLUMN conversation_flows.is_default IS 'Taken when nothing says which flow to take; at most one flow of a tenant.';

CREATE UNIQUE INDEX conversation_flows_default_key ON conversation_flows (tenant_id) WHERE is_default;

CREATE FUNCTION replace_default_flow() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    -- One at a time for a tenant; the UPDATE sees the default that was chosen while this waited.
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(NEW.tenant_id, 0));
    UPDATE conversation_flows
    SET is_default = false,
        updated_at = now()
    WHERE tenant_id = NEW.tenant_id
      AND is_default
      AND id <> NEW.id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION replace_default_flow() IS 'Makes the default that a tenant had go before the new one comes.';

CREATE TRIGGER conversation_flows_replace_default BEFORE UPDATE OF is_default ON conversation_flows
    FOR EACH ROW WHEN (NEW.is_default AND NOT OLD.is_default) EXECUTE FUNCTION replace_default_flow();

CREATE INDEX conversation_flows_updated_at_idx ON conversation_flows (tenant_id, updated_at DESC, id DESC);
CREATE INDEX conversation_flows_active_idx ON conversation_flows (tenant_id, last_used_at DESC NULLS LAST, id)
    WHERE status = 'active';
CREATE INDEX conversation_flows_tags_idx ON conversation_flows USING gin (tags);

CREATE TABLE flow_versions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    flow_id uuid NOT NULL,
    version text NOT NULL,
    flow_definition jsonb NOT NULL,
    change_description text,
    change_type change_type NOT NULL DEFAULT 'minor',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT flow_versions_pkey PRIMARY KEY (id),
    CONSTRAINT flow_versions_flow_id_version_key UNIQUE (flow_id, version),
    CONSTRAINT flow_versions_flow_id_fkey
        FOREIGN KEY (tenant_id, flow_id) REFERENCES conversation_flows (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT flow_versions_version_check CHECK (version <> '')
);
COMMENT ON TABLE flow_versions IS 'What a flow was like in a version; it stays as it is.';

CREATE INDEX flow_versions_created_at_idx ON flow_versions (flow_id, created_at DESC, id DESC);

CREATE TABLE flow_analytics (
    flow_id uuid NOT NULL,
    metric_date date NOT NULL,
    tenant_id uuid NOT NULL,
    started bigint NOT NULL DEFAULT 0,
    completed bigint NOT NULL DEFAULT 0,
    abandoned bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    duration_ms bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT flow_analytics_pkey PRIMARY KEY (tenant_id, flow_id, metric_date),
    CONSTRAINT flow_analytics_flow_id_fkey
        FOREIGN KEY (tenant_id, flow_id) REFERENCES conversation_flows (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT flow_analytics_counts_check
        CHECK (started >= 0 AND completed >= 0 AND abandoned >= 0 AND messages >= 0 AND duration_ms >= 0)
);
COMMENT ON TABLE flow_analytics IS 'What the conversations of a flow came to on one day.';
COMMENT ON COLUMN flow_analytics.duration_ms IS 'How long the conversations took together.';

CREATE INDEX flow_analytics_tenant_id_idx ON flow_analytics (tenant_id, metric_date);
