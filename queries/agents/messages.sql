-- name: Create :one
-- Append one message to a conversation.
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
-- Append messages to a conversation, in the order in which they are given. Returns them as they were stored. Token counts
-- and metadata may be left out.
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
-- Take over messages with their positions. AdvancePositions tells the conversations of them.
INSERT INTO messages (id, conversation_id, position, role, content, token_count, metadata, created_at)
VALUES (@id, @conversation_id, @position, @role, @content, @token_count, @metadata, @created_at);

-- name: GetById :opt
-- Return one message, None if there is none.
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
-- Delete a message. The others keep their positions.
DELETE FROM messages
WHERE id = @id;

-- name: List :page
-- The messages of all conversations, the latest first.
-- @optional conversation_id, role, created_after
SELECT * FROM messages
WHERE conversation_id = @conversation_id
  AND role = @role
  AND created_at > @created_after
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- How many messages there are.
-- @vet-ignore seq-scan without a filter, an administrator asks for it
-- @optional conversation_id, role, created_after
SELECT count(*) FROM messages
WHERE conversation_id = @conversation_id
  AND role = @role
  AND created_at > @created_after;

-- name: GetHistory :page
-- What was said in a conversation, the latest first.
SELECT * FROM messages
WHERE conversation_id = @conversation_id
ORDER BY position DESC;

-- name: GetContextWindow :many
-- The latest messages that together fit into so many tokens, in the order in which they were said.
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
-- The messages of a user's conversations that match what was typed into a search box, the best first, with the passages
-- that matched.
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
-- The ids of conversations in which something is said from now on.
LISTEN message_appended;
