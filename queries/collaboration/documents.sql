-- name: Create :one
-- Create a document in a workspace.
INSERT INTO shared_documents (
    tenant_id, workspace_id, title, content, content_type, vector_clock, created_by, last_modified_by
)
SELECT workspaces.tenant_id, workspaces.id, @title, @content, @content_type, @vector_clock, @created_by, @created_by
FROM workspaces
WHERE workspaces.id = @workspace_id
  AND workspaces.deleted_at IS NULL
RETURNING *;

-- name: Get :one
-- Return a document.
-- @cache ttl=5m
SELECT * FROM shared_documents
WHERE id = @id
  AND deleted_at IS NULL;

-- name: ListByWorkspace :page
-- List the documents of a workspace, most recently changed first.
SELECT * FROM shared_documents
WHERE workspace_id = @workspace_id
  AND deleted_at IS NULL
ORDER BY updated_at DESC, id DESC;

-- name: UpdateWithLock :one
-- Update a document, unless somebody else has locked it, or changed it since the expected version.
-- @optional title, content, content_type, vector_clock
-- @optimistic version
UPDATE shared_documents
SET title = @title,
    content = @content,
    content_type = @content_type,
    vector_clock = @vector_clock,
    last_modified_by = @lock_owner,
    version = version + 1,
    updated_at = now()
WHERE id = @id
  AND version = @expected_version
  AND (lock_owner IS NULL OR lock_owner = @lock_owner OR lock_expires_at < now())
  AND deleted_at IS NULL
RETURNING *;

-- name: RecordOperation :one
-- Record an operation on a document under the next sequence number.
WITH document AS (
    UPDATE shared_documents
    SET last_sequence = last_sequence + 1,
        updated_at = now()
    WHERE id = @document_id
      AND deleted_at IS NULL
    RETURNING id, tenant_id, last_sequence
)
INSERT INTO document_operations (
    tenant_id, document_id, sequence, operation_type, path, value, agent_id, vector_clock, applied_at
)
SELECT tenant_id, id, last_sequence, @operation_type, @path, sqlc.narg(value), @agent_id, @vector_clock,
       sqlc.narg(applied_at)
FROM document
RETURNING *;

-- name: ListOperations :many
-- List the operations on a document after a sequence number, in order.
SELECT * FROM document_operations
WHERE document_id = @document_id
  AND sequence > @since
ORDER BY sequence
LIMIT @limit;

-- name: ListPendingOperations :many
-- List the operations that are not yet part of the document's content, in order.
SELECT * FROM document_operations
WHERE document_id = @document_id
  AND applied_at IS NULL
ORDER BY sequence;

-- name: MarkOperationsApplied :execrows
-- Record that the operations up to a sequence number are now part of the content.
UPDATE document_operations
SET applied_at = now()
WHERE document_id = @document_id
  AND sequence <= @up_to
  AND applied_at IS NULL;

-- name: AcquireLock :opt
-- Lock a document for an agent. Returns when the lock expires, or None if another agent holds it.
UPDATE shared_documents
SET lock_owner = @agent_id,
    lock_expires_at = now() + @duration::interval
WHERE id = @id
  AND (lock_owner IS NULL OR lock_expires_at < now())
  AND deleted_at IS NULL
RETURNING lock_expires_at;

-- name: RenewLock :opt
-- Extend a lock. Returns when it expires, or None if the agent does not hold it.
UPDATE shared_documents
SET lock_expires_at = now() + @duration::interval
WHERE id = @id
  AND lock_owner = @agent_id
  AND lock_expires_at > now()
  AND deleted_at IS NULL
RETURNING lock_expires_at;

-- name: ReleaseLock :execrows
-- Release a lock. Returns 0 if the agent does not hold it.
UPDATE shared_documents
SET lock_owner = NULL,
    lock_expires_at = NULL
WHERE id = @id
  AND lock_owner = @agent_id;

-- name: SoftDelete :execrows
-- Delete a document softly.
UPDATE shared_documents
SET deleted_at = now(),
    updated_at = now()
WHERE id = @id
  AND deleted_at IS NULL;
