CREATE TYPE user_role AS ENUM ('owner', 'admin', 'member', 'viewer');
COMMENT ON TYPE user_role IS 'What a user may do in their organization, the most first.';

CREATE TYPE inference_status AS ENUM ('pending', 'processing', 'completed', 'failed', 'cancelled');
COMMENT ON TYPE inference_status IS 'Where an inference request stands; the last three are final.';

CREATE TABLE organizations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    slug text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organizations_pkey PRIMARY KEY (id),
    CONSTRAINT organizations_slug_key UNIQUE (slug),
    CONSTRAINT organizations_name_check CHECK (name <> ''),
    CONSTRAINT organizations_slug_check CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$')
);
COMMENT ON TABLE organizations IS 'A tenant of the control plane.';
COMMENT ON COLUMN organizations.slug IS 'Names the organization in URLs: lower case words joined by hyphens.';

CREATE TABLE applications (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    name text NOT NULL,
    api_key_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT applications_pkey PRIMARY KEY (id),
    CONSTRAINT applications_api_key_hash_key UNIQUE (api_key_hash),
    CONSTRAINT applications_org_id_id_key UNIQUE (org_id, id),
    CONSTRAINT applications_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT applications_name_check CHECK (name <> ''),
    CONSTRAINT applications_api_key_hash_check CHECK (api_key_hash <> '')
);
COMMENT ON TABLE applications IS 'A program that calls models on behalf of an organization.';
COMMENT ON COLUMN applications.api_key_hash IS 'Hash of the key that the program identifies itself with; secret.';
COMMENT ON CONSTRAINT applications_org_id_id_key ON applications
    IS 'Lets other tables require that an application belongs to their organization.';

CREATE TABLE users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    email text NOT NULL,
    cognito_sub text NOT NULL,
    role user_role NOT NULL DEFAULT 'member',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_cognito_sub_key UNIQUE (cognito_sub),
    CONSTRAINT users_org_id_id_key UNIQUE (org_id, id),
    CONSTRAINT users_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT users_email_check CHECK (email = lower(email) AND email LIKE '_%@_%')
);
COMMENT ON TABLE users IS 'A person of an organization.';
COMMENT ON COLUMN users.email IS 'In lower case.';
COMMENT ON COLUMN users.cognito_sub IS 'The subject that the identity provider knows the user by.';

CREATE TABLE policies (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    app_id uuid,
    user_id uuid,
    policy_type text NOT NULL,
    config jsonb NOT NULL DEFAULT '{}',
    priority integer NOT NULL DEFAULT 0,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT policies_pkey PRIMARY KEY (id),
    CONSTRAINT policies_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT policies_app_id_fkey
        FOREIGN KEY (org_id, app_id) REFERENCES applications (org_id, id) ON DELETE CASCADE,
    CONSTRAINT policies_user_id_fkey
        FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
    CONSTRAINT policies_policy_type_check CHECK (policy_type <> ''),
    CONSTRAINT policies_config_check CHECK (jsonb_typeof(config) = 'object')
);
COMMENT ON TABLE policies IS 'A rule for an organization, one of its applications, one of its users, or a user within an application.';
COMMENT ON COLUMN policies.app_id IS 'The application that the policy is limited to; NULL for all.';
COMMENT ON COLUMN policies.user_id IS 'The user that the policy is limited to; NULL for all.';
COMMENT ON COLUMN policies.priority IS 'Within a level the higher priority comes first.';

CREATE TABLE audit_logs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id uuid NOT NULL,
    app_id uuid,
    user_id uuid,
    action text NOT NULL,
    resource_type text NOT NULL,
    resource_id text,
    details jsonb NOT NULL DEFAULT '{}',
    request_id text,
    ip_address inet,
    user_agent text,
    model text,
    provider text,
    tokens_used integer,
    cost numeric(14, 6),
    latency_ms integer,
    timestamp timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT audit_logs_pkey PRIMARY KEY (id),
    CONSTRAINT audit_logs_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT audit_logs_app_id_fkey
        FOREIGN KEY (org_id, app_id) REFERENCES applications (org_id, id) ON DELETE SET NULL (app_id),
    CONSTRAINT audit_logs_user_id_fkey
        FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE SET NULL (user_id),
    CONSTRAINT audit_logs_action_check CHECK (action <> ''),
    CONSTRAINT audit_logs_tokens_used_check CHECK (tokens_used >= 0),
    CONSTRAINT audit_logs_cost_check CHECK (cost >= 0),
    CONSTRAINT audit_logs_latency_ms_check CHECK (latency_ms >= 0)
);
COMMENT ON TABLE audit_logs IS 'Who did what, to what, and at what price; entries outlive the application and user they name.';
COMMENT ON COLUMN audit_logs.request_id IS 'Joins the entries of one request.';
COMMENT ON COLUMN audit_logs.cost IS 'In US dollars.';

CREATE TABLE inference_requests (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    request_id text NOT NULL,
    org_id uuid NOT NULL,
    app_id uuid NOT NULL,
    user_id uuid,
    model text NOT NULL,
    provider text NOT NULL,
    status inference_status NOT NULL DEFAULT 'pending',
    prompt_tokens integer NOT NULL DEFAULT 0,
    completion_tokens integer NOT NULL DEFAULT 0,
    total_tokens integer NOT NULL GENERATED ALWAYS AS (prompt_tokens + completion_tokens) STORED,
    cost numeric(14, 6) NOT NULL DEFAULT 0,
    latency_ms integer,
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    CONSTRAINT inference_requests_pkey PRIMARY KEY (id),
    CONSTRAINT inference_requests_request_id_key UNIQUE (request_id),
    CONSTRAINT inference_requests_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT inference_requests_app_id_fkey
        FOREIGN KEY (org_id, app_id) REFERENCES applications (org_id, id) ON DELETE CASCADE,
    CONSTRAINT inference_requests_user_id_fkey
        FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE SET NULL (user_id),
    CONSTRAINT inference_requests_tokens_check CHECK (prompt_tokens >= 0 AND completion_tokens >= 0),
    CONSTRAINT inference_requests_cost_check CHECK (cost >= 0),
    CONSTRAINT inference_requests_latency_ms_check CHECK (latency_ms >= 0),
    CONSTRAINT inference_requests_completed_at_check
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
    CONSTRAINT inference_requests_error_message_check CHECK (status = 'failed' OR error_message IS NULL)
);
COMMENT ON TABLE inference_requests IS 'One call of a model, from its arrival to its end.';
COMMENT ON COLUMN inference_requests.request_id IS 'The caller''s own key for the request.';
COMMENT ON COLUMN inference_requests.cost IS 'In US dollars.';
COMMENT ON COLUMN inference_requests.completed_at IS 'When the request reached a final status.';
