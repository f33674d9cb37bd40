-- name: Create :one
-- Create a workflow with the stages of its definition.
WITH workflow AS (
    INSERT INTO workflows (tenant_id, name, type, definition, metadata, created_by)
    VALUES (@tenant_id, @name, @type, @definition, @metadata, @created_by)
    RETURNING *
), stages AS (
    INSERT INTO workflow_stages (tenant_id, workflow_id, stage_index, name, type, config)
    SELECT workflow.tenant_id, workflow.id, stage.position - 1,
           stage.value ->> 'name', coalesce(stage.value ->> 'type', 'task'), coalesce(stage.value -> 'config', '{}')
    FROM workflow
    CROSS JOIN LATERAL jsonb_array_elements(coalesce(workflow.definition -> 'stages', '[]'))
        WITH ORDINALITY AS stage (value, position)
)
SELECT * FROM workflow;

-- name: Get :one
-- Return a workflow.
-- @cache ttl=5m
SELECT * FROM workflows
WHERE id = @id
  AND deleted_at IS NULL;

-- name: GetWithStages :one
-- Return a workflow with its stages and its transitions so far, in order.
-- @cache ttl=5m
SELECT sqlc.embed(workflow),
       ARRAY(
           SELECT stage FROM workflow_stages AS stage WHERE stage.workflow_id = workflow.id ORDER BY stage.stage_index
       ) AS stages,
       ARRAY(
           SELECT step FROM workflow_transitions AS step
           WHERE step.workflow_id = workflow.id ORDER BY step.transition_time, step.id
       ) AS transitions
FROM workflows AS workflow
WHERE workflow.id = @id
  AND workflow.deleted_at IS NULL;

-- name: List :page
-- List the workflows of a tenant, newest first.
-- @optional status, type, created_by
-- @sort created_at, updated_at, name
SELECT * FROM workflows
WHERE tenant_id = @tenant_id
  AND deleted_at IS NULL
  AND status = ANY(@status)
  AND type = @type
  AND created_by = @created_by
ORDER BY created_at DESC, id DESC;

-- name: ListStages :many
-- List the stages of a workflow, in order.
SELECT * FROM workflow_stages
WHERE workflow_id = @workflow_id
ORDER BY stage_index;

-- name: ListTransitions :many
-- List the transitions of a workflow, in order.
SELECT * FROM workflow_transitions
WHERE workflow_id = @workflow_id
ORDER BY transition_time, id;

-- name: UpdateProgress :one
-- Move a workflow to a stage, and record the outcome of the stage. This starts the workflow. It ends when a stage
-- fails, or when the last stage is completed or skipped.
WITH held AS (
    SELECT workflow.id, workflow.current_stage, stage.id AS stage_id,
           NOT EXISTS (
               SELECT 1 FROM workflow_stages AS later
               WHERE later.workflow_id = workflow.id AND later.stage_index > stage.stage_index
           ) AS last
    FROM workflows AS workflow
    JOIN workflow_stages AS stage ON stage.workflow_id = workflow.id AND stage.stage_index = @stage_index
    WHERE workflow.id = @workflow_id
      AND workflow.status IN ('pending', 'running')
      AND workflow.deleted_at IS NULL
    FOR UPDATE OF workflow
), moved AS (
    UPDATE workflows
    SET current_stage = @stage_index,
        status = CASE
            WHEN @status::stage_status = 'failed' THEN 'failed'::workflow_status
            WHEN held.last AND @status::stage_status IN ('completed', 'skipped') THEN 'completed'
            ELSE 'running'
        END,
        updated_at = now()
    FROM held
    WHERE workflows.id = held.id
    RETURNING workflows.*
), stage AS (
    UPDATE workflow_stages
    SET status = @status::stage_status,
        started_at = CASE WHEN @status::stage_status <> 'pending' THEN coalesce(started_at, now()) END,
        completed_at = CASE WHEN @status::stage_status IN ('completed', 'failed', 'skipped') THEN now() END
    FROM held
    WHERE workflow_stages.id = held.stage_id
), transition AS (
    INSERT INTO workflow_transitions (tenant_id, workflow_id, from_stage, to_stage, status)
    SELECT moved.tenant_id, held.id, held.current_stage, moved.current_stage, @status::stage_status
    FROM moved
    JOIN held ON held.id = moved.id
)
SELECT * FROM moved;

-- name: Cancel :one
-- End a workflow that has not ended.
UPDATE workflows
SET status = 'cancelled',
    updated_at = now()
WHERE id = @id
  AND status IN ('pending', 'running')
  AND deleted_at IS NULL
RETURNING *;

-- name: SoftDelete :execrows
-- Delete a workflow softly.
UPDATE workflows
SET deleted_at = now(),
    updated_at = now()
WHERE id = @id
  AND deleted_at IS NULL;
