CREATE TABLE users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email text NOT NULL,
    name text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_email_check CHECK (email = lower(email) AND email LIKE '_%@_%'),
    CONSTRAINT users_name_check CHECK (name <> '')
);
COMMENT ON TABLE users IS 'A person who works with the agents.';
COMMENT ON COLUMN users.email IS 'In lower case.';

CREATE INDEX users_created_at_idx ON users (created_at DESC, id DESC);
CREATE INDEX users_search_idx ON users USING gin (to_tsvector('simple', name || ' ' || email));

CREATE TABLE user_preferences (
    user_id uuid NOT NULL,
    preferences jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_preferences_pkey PRIMARY KEY (user_id),
    CONSTRAINT user_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_preferences_preferences_check CHECK (jsonb_typeof(preferences) = 'object')
);
COMMENT ON TABLE user_preferences IS 'What a user has chosen, by key.';
