CREATE TABLE states (
    tenant_id uuid NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT states_pkey PRIMARY KEY (tenant_id, key),
    CONSTRAINT states_key_check CHECK (key <> '')
) WITH (fillfactor = 70);
COMMENT ON TABLE states IS 'Values by key, for a time.';
COMMENT ON COLUMN states.version IS 'Counts the changes of the value, for optimistic locking.';
COMMENT ON COLUMN states.expires_at IS 'From then on the value counts as gone; NULL for never.';

CREATE INDEX states_expires_at_idx ON states (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX states_key_prefix_idx ON states (tenant_id, key text_pattern_ops);
