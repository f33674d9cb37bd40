CREATE TABLE agents (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    type text NOT NULL,
    status agent_status NOT NULL DEFAULT 'idle',
    description text,
    configuration jsonb NOT NULL DEFAULT '{}',
    state jsonb NOT NULL DEFAULT '{}',
    last_active_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT agents_pkey PRIMARY KEY (id),
    CONSTRAINT agents_name_key UNIQUE (name),
    CONSTRAINT agents_name_check CHECK (name <> ''),
    CONSTRAINT agents_type_check CHECK (type <> ''),
    CONSTRAINT agents_state_check CHECK (jsonb_typeof(state) = 'object')
);
COMMENT ON TABLE agents IS 'A program that works on tasks and talks with users.';
COMMENT ON COLUMN agents.state IS 'What the agent keeps between its runs.';

CREATE INDEX agents_type_idx ON agents (type, name);
CREATE INDEX agents_status_idx ON agents (status, name);
CREATE INDEX agents_created_at_idx ON agents (created_at DESC, id DESC);

CREATE TABLE tools (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    category text NOT NULL,
    description text,
    parameters jsonb NOT NULL DEFAULT '{}',
    available boolean NOT NULL DEFAULT true,
    usage_count bigint NOT NULL DEFAULT 0,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tools_pkey PRIMARY KEY (id),
    CONSTRAINT tools_name_key UNIQUE (name),
    CONSTRAINT tools_name_check CHECK (name <> ''),
    CONSTRAINT tools_category_check CHECK (category <> ''),
    CONSTRAINT tools_usage_count_check CHECK (usage_count >= 0)
);
COMMENT ON TABLE tools IS 'Something that agents can call.';
COMMENT ON COLUMN tools.parameters IS 'JSON schema of the arguments.';

CREATE INDEX tools_category_idx ON tools (category, name);
CREATE INDEX tools_available_idx ON tools (name) WHERE available;
CREATE INDEX tools_created_at_idx ON tools (created_at DESC, id DESC);

CREATE TABLE agent_tools (
    agent_id uuid NOT NULL,
    tool_id uuid NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT agent_tools_pkey PRIMARY KEY (agent_id, tool_id),
    CONSTRAINT agent_tools_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE CASCADE,
    CONSTRAINT agent_tools_tool_id_fkey FOREIGN KEY (tool_id) REFERENCES tools (id) ON DELETE CASCADE
);
COMMENT ON TABLE agent_tools IS 'A tool that an agent may call.';

CREATE INDEX agent_tools_tool_id_idx ON agent_tools (tool_id);

CREATE TABLE tool_capabilities (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tool_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    parameters jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tool_capabilities_pkey PRIMARY KEY (id),
    CONSTRAINT tool_capabilities_tool_id_name_key UNIQUE (tool_id, name),
    CONSTRAINT tool_capabilities_tool_id_fkey FOREIGN KEY (tool_id) REFERENCES tools (id) ON DELETE CASCADE,
    CONSTRAINT tool_capabilities_name_check CHECK (name <> '')
);
COMMENT ON TABLE tool_capabilities IS 'One of the things that a tool can do.';

CREATE INDEX tool_capabilities_name_idx ON tool_capabilities (name);

CREATE TABLE tool_usage (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    tool_id uuid NOT NULL,
    agent_id uuid,
    succeeded boolean NOT NULL,
    duration_ms integer NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    used_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tool_usage_pkey PRIMARY KEY (id),
    CONSTRAINT tool_usage_tool_id_fkey FOREIGN KEY (tool_id) REFERENCES tools (id) ON DELETE CASCADE,
    CONSTRAINT tool_usage_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE SET NULL,
    CONSTRAINT tool_usage_duration_ms_check CHECK (duration_ms >= 0)
);
COMMENT ON TABLE tool_usage IS 'One call of a tool.';

CREATE INDEX tool_usage_tool_id_idx ON tool_usage (tool_id, used_at DESC, id DESC);
CREATE INDEX tool_usage_agent_id_idx ON tool_usage (agent_id, used_at DESC);
