-- name: Create :one
-- Create a playbook as a draft.
INSERT INTO playbooks (name, description, category, is_template, content, tags, created_by)
VALUES (@name, @description, @category, @is_template, @content, @tags, @created_by)
RETURNING *;

-- name: CreateFromTemplate :one
-- Create a playbook as a copy of a template.
INSERT INTO playbooks (name, description, category, content, tags, created_by)
SELECT @name, template.description, template.category, template.content, template.tags, sqlc.narg(created_by)
FROM playbooks AS template
WHERE template.id = @template_id
  AND template.is_template
RETURNING *;

-- name: GetById :opt
-- Return a playbook, or None if it does not exist.
SELECT * FROM playbooks
WHERE id = @id;

-- name: Update :one
-- Update a playbook. Published versions do not change.
-- @optional name, description, category, status, is_template, content, tags
UPDATE playbooks
SET name = @name,
    description = @description,
    category = @category,
    status = @status,
    is_template = @is_template,
    content = @content,
    tags = @tags,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete a playbook with its versions and executions.
DELETE FROM playbooks
WHERE id = @id;

-- name: List :page
-- List the playbooks, newest first. If tags are given, only those that have all of them.
-- @optional category, status, tags
-- @sort created_at, updated_at, name
SELECT * FROM playbooks
WHERE category = @category
  AND status = @status
  AND tags @> @tags
ORDER BY created_at DESC, id DESC;

-- name: Count :one
-- Count the playbooks.
-- @optional category, status, tags
SELECT count(*) FROM playbooks
WHERE category = @category
  AND status = @status
  AND tags @> @tags;

-- name: GetTemplates :many
-- List the playbooks that are templates, by name.
SELECT * FROM playbooks
WHERE is_template
ORDER BY name;

-- name: CreateVersion :one
-- Publish the current content of a playbook under the next version number.
WITH playbook AS (
    UPDATE playbooks
    SET current_version = current_version + 1,
        status = 'published',
        updated_at = now()
    WHERE id = @playbook_id
    RETURNING *
)
INSERT INTO playbook_versions (playbook_id, version, content, change_note, created_by)
SELECT playbook.id, playbook.current_version, playbook.content, sqlc.narg(change_note), sqlc.narg(created_by)
FROM playbook
RETURNING *;

-- name: GetVersions :many
-- List the versions of a playbook, latest first.
SELECT * FROM playbook_versions
WHERE playbook_id = @playbook_id
ORDER BY version DESC;

-- name: GetVersion :opt
-- Return a version of a playbook, or None if it does not exist.
SELECT * FROM playbook_versions
WHERE playbook_id = @playbook_id
  AND version = @version;

-- name: RecordExecution :one
-- Record a finished run of a playbook's current version.
INSERT INTO playbook_executions (
    playbook_id, version, agent_id, status, input, output, error, started_at, completed_at
)
SELECT playbooks.id, playbooks.current_version, sqlc.narg(agent_id), @status, @input, sqlc.narg(output),
       sqlc.narg(error), @started_at, now()
FROM playbooks
WHERE playbooks.id = @playbook_id
RETURNING *;

-- name: GetExecutionLog :page
-- List the runs of a playbook, latest first.
-- @optional version, agent_id, status
SELECT * FROM playbook_executions
WHERE playbook_id = @playbook_id
  AND version = @version
  AND agent_id = @agent_id
  AND status = @status
ORDER BY started_at DESC, id DESC;
