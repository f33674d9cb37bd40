CREATE TABLE conversations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    agent_id uuid,
    title text,
    metadata jsonb NOT NULL DEFAULT '{}',
    last_position bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT conversations_pkey PRIMARY KEY (id),
    CONSTRAINT conversations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT conversations_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE SET NULL
);
COMMENT ON TABLE conversations IS 'What a user and an agent say to each other.';
COMMENT ON COLUMN conversations.last_position IS 'Position of the last message.';

CREATE INDEX conversations_user_id_idx ON conversations (user_id, updated_at DESC, id DESC);
CREATE INDEX conversations_agent_id_idx ON conversations (agent_id);

CREATE TABLE messages (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    conversation_id uuid NOT NULL,
    position bigint NOT NULL,
    role message_role NOT NULL,
    content text NOT NULL,
    token_count integer NOT NULL DEFAULT 0,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_conversation_id_position_key UNIQUE (conversation_id, position),
    CONSTRAINT messages_conversation_id_fkey
        FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
    CONSTRAINT messages_position_check CHECK (position > 0),
    CONSTRAINT messages_token_count_check CHECK (token_count >= 0)
);
COMMENT ON TABLE messages IS 'One utterance in a conversation.';
COMMENT ON COLUMN messages.position IS 'Counted from 1 without gaps in each conversation, as long as none is deleted.';
COMMENT ON COLUMN messages.token_count IS 'How much of a model''s context the content takes.';

CREATE INDEX messages_search_idx ON messages USING gin (to_tsvector('english', content));
CREATE INDEX messages_created_at_idx ON messages (created_at DESC, id DESC);

CREATE TYPE new_message AS (role message_role, content text, token_count integer, metadata jsonb);
COMMENT ON TYPE new_message IS 'A message that is to be appended to a conversation.';

CREATE FUNCTION messages_notify() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify('message_appended', added.conversation_id::text)
    FROM (SELECT DISTINCT conversation_id FROM added) AS added;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION messages_notify() IS 'Tells listeners which conversations have new messages.';

CREATE TRIGGER messages_notify
    AFTER INSERT ON messages
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT
    EXECUTE FUNCTION messages_notify();
