-- name: Create :one
-- Append a message to a conversation.
WITH conversation AS (
    UPDATE conversations
    SET last_position = last_position + 1,
        updated_at = now()
    WHERE id = @conversation_id
    RETURNING id, last_position
)
INSERT INTO messages (conversation_id, position, role, content, token_count, metadata)
SELECT conversation.id, conversation.last_position, @role, @content, @token_count, @metadata
FROM conversation
RETURNING *;

-- name: Append :many
-- Append messages to a conversation in the given order. Returns them as stored. Token counts and metadata are
-- optional.
WITH conversation AS (
    UPDATE conversations
    SET last_position = last_position + cardinality(@messages::new_message[]),
        updated_at = now()
    WHERE id = @conversation_id
    RETURNING id, last_position
), appended AS (
    INSERT INTO messages (conversation_id, position, role, content, token_count, metadata)
    -- Without the conversation there are rows nevertheless, so that its foreign key refuses them.
    SELECT @conversation_id,
           coalesce(conversation.last_position - cardinality(@messages::new_message[]), 0) + added.place,
           added.role, added.content, coalesce(added.token_count, 0), coalesce(added.metadata, '{}')
    FROM unnest(@messages::new_message[])
        WITH ORDINALITY AS added (role, content, token_count, metadata, place)
    LEFT JOIN conversation ON true
    RETURNING *
)
SELECT * FROM appended
ORDER BY position;

-- name: ImportMany :copyfrom
-- Import messages with their positions. Call AdvancePositions afterwards.
INSERT INTO messages (id, conversation_id, position, role, content, token_count, metadata, created_at)
VALUES (@id, @conversation_id, @position, @role, @content, @token_count, @metadata, @created_at);

-- name: GetById :opt
-- Return a message, or None if it does not exist.
SELECT * FROM messages
WHERE id = @id;

-- name: Update :one
-- Correct a message.
-- @optional content, token_count, metadata
UPDATE messages
SET content = @content,
    token_count = @token_count,
    metadata = @metadata
WHERE id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete a message. The other messages keep their positions.
DELETE FROM messages
WHERE id = @id;

-- name: List :page
-- List the messages of all conversations, latest first.
-- @optional conversation_id, role, created_after
SELECT * FROM messages
WHERE conversation_id = @conversation_id
  AND role = @role
  AND created_at > @created_after
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- Count the messages.
-- @vet-ignore seq-scan without a filter, an administrator asks for it
-- @optional conversation_id, role, created_after
SELECT count(*) FROM messages
WHERE conversation_id = @conversation_id
  AND role = @role
  AND created_at > @created_after;

-- name: GetHistory :page
-- List the messages of a conversation, latest first.
SELECT * FROM messages
WHERE conversation_id = @conversation_id
ORDER BY position DESC;

-- name: GetContextWindow :many
-- Return the latest messages of a conversation that fit into a number of tokens, in chronological order.
SELECT id, conversation_id, position, role, content, token_count, metadata, created_at
FROM (
    SELECT *, sum(token_count) OVER (ORDER BY position DESC) AS tokens
    FROM (
        SELECT * FROM messages
        WHERE conversation_id = @conversation_id
        ORDER BY position DESC
        LIMIT @max_messages
    ) AS latest
) AS counted
WHERE tokens <= @max_tokens
ORDER BY position;

-- name: Search :many
-- Search the messages of a user's conversations, best matches first, with the passages that matched.
-- @optional conversation_id, role
SELECT sqlc.embed(message),
       ts_rank(to_tsvector('english', message.content), websearch_to_tsquery('english', @query)) AS rank,
       ts_headline('english', message.content, websearch_to_tsquery('english', @query)) AS headline
FROM messages AS message
JOIN conversations AS conversation ON conversation.id = message.conversation_id
WHERE conversation.user_id = @user_id
  AND to_tsvector('english', message.content) @@ websearch_to_tsquery('english', @query)
  AND message.conversation_id = @conversation_id
  AND message.role = @role
ORDER BY rank DESC, message.id
LIMIT @limit;

-- name: MessageAppended :listen
-- Listen for the ids of conversations that get a new message.
LISTEN message_appended;
