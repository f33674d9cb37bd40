-- name: Create :one
-- Start a conversation.
INSERT INTO conversations (user_id, agent_id, title, metadata)
VALUES (@user_id, @agent_id, @title, @metadata)
RETURNING *;

-- name: GetById :opt
-- Return a conversation, or None if it does not exist.
SELECT * FROM conversations
WHERE id = @id;

-- name: Update :one
-- Update a conversation's title, agent or metadata.
-- @optional title, agent_id, metadata
UPDATE conversations
SET title = @title,
    agent_id = @agent_id,
    metadata = @metadata,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete a conversation with its messages.
DELETE FROM conversations
WHERE id = @id;

-- name: List :page
-- List the conversations, most recently changed first.
-- @vet-ignore seq-scan without a filter, it is an administrator's list
-- @vet-ignore large-sort likewise
-- @optional user_id, agent_id
SELECT * FROM conversations
WHERE user_id = @user_id
  AND agent_id = @agent_id
ORDER BY updated_at DESC, id DESC;

-- name: Count :one
-- Count the conversations.
-- @vet-ignore seq-scan without a filter, an administrator asks for it
-- @optional user_id, agent_id
SELECT count(*) FROM conversations
WHERE user_id = @user_id
  AND agent_id = @agent_id;

-- name: AdvancePositions :execrows
-- Advance the next message positions of conversations past their existing messages, after an import.
UPDATE conversations
SET last_position = latest.position
FROM (
    SELECT conversation_id, max(position) AS position
    FROM messages
    WHERE conversation_id = ANY(@ids)
    GROUP BY conversation_id
) AS latest
WHERE conversations.id = latest.conversation_id
  AND conversations.last_position < latest.position;

-- name: ListWithLatestMessage :many
-- List a user's conversations, most recently changed first, each with its agent and its last message.
SELECT sqlc.embed(conversation), sqlc.embed(agent), sqlc.embed(message)
FROM conversations AS conversation
LEFT JOIN agents AS agent ON agent.id = conversation.agent_id
LEFT JOIN messages AS message
    ON message.conversation_id = conversation.id
   AND message.position = (SELECT max(position) FROM messages AS said WHERE said.conversation_id = conversation.id)
WHERE conversation.user_id = @user_id
ORDER BY conversation.updated_at DESC, conversation.id DESC
LIMIT @limit;
