-- name: Create :one
-- Create an experiment as a draft.
INSERT INTO experiments (tenant_id, name, description)
VALUES (@tenant_id, @name, @description)
RETURNING *;

-- name: GetById :opt
-- Return an experiment, or None if the tenant has none with this id.
SELECT * FROM experiments
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: GetWithVariants :opt
-- Return an experiment with its variants, by name.
SELECT sqlc.embed(experiment),
       ARRAY(
           SELECT variant FROM experiment_variants AS variant
           WHERE variant.experiment_id = experiment.id
           ORDER BY variant.name
       ) AS variants
FROM experiments AS experiment
WHERE experiment.tenant_id = @tenant_id
  AND experiment.id = @id;

-- name: List :page
-- List the experiments of a tenant, newest first.
-- @optional status
SELECT * FROM experiments
WHERE tenant_id = @tenant_id
  AND status = @status
ORDER BY created_at DESC, id DESC;

-- name: Update :one
-- Change an experiment's name or description.
-- @optional name, description
UPDATE experiments
SET name = @name,
    description = @description,
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
RETURNING *;

-- name: Delete :execrows
-- Delete an experiment with its variants and assignments.
DELETE FROM experiments
WHERE tenant_id = @tenant_id
  AND id = @id;

-- name: SetVariant :one
-- Add or update a variant of an experiment that has not started.
INSERT INTO experiment_variants (tenant_id, experiment_id, name, flow_id, weight)
SELECT experiments.tenant_id, experiments.id, @name, @flow_id, @weight
FROM experiments
WHERE experiments.tenant_id = @tenant_id
  AND experiments.id = @experiment_id
  AND experiments.status = 'draft'
FOR SHARE
ON CONFLICT (experiment_id, name) DO UPDATE
SET flow_id = excluded.flow_id,
    weight = excluded.weight
RETURNING *;

-- name: RemoveVariant :execrows
-- Remove a variant of an experiment that has not started.
DELETE FROM experiment_variants
WHERE name = @name
  AND experiment_id = (
      SELECT id
      FROM experiments
      WHERE tenant_id = @tenant_id
        AND id = @experiment_id
        AND status = 'draft'
      FOR SHARE
  );

-- name: Start :one
-- Start an experiment that has variants.
UPDATE experiments
SET status = 'running',
    started_at = now(),
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
  AND status = 'draft'
  AND EXISTS (SELECT 1 FROM experiment_variants WHERE experiment_id = experiments.id)
RETURNING *;

-- name: Complete :one
-- End an experiment.
UPDATE experiments
SET status = 'completed',
    completed_at = now(),
    updated_at = now()
WHERE tenant_id = @tenant_id
  AND id = @id
  AND status = 'running'
RETURNING *;

-- name: Assign :one
-- Return the variant assigned to a subject. The first call chooses it by the subject's hash and records it.
-- @row Assignment
WITH recorded AS (
    SELECT *
    FROM experiment_assignments
    WHERE tenant_id = @tenant_id
      AND experiment_id = @experiment_id
      AND subject_id = @subject_id
), scale AS (
    SELECT variant.tenant_id, variant.experiment_id, variant.name,
           sum(variant.weight) OVER (ORDER BY variant.name) AS upper_bound,
           sum(variant.weight) OVER () AS total
    FROM experiment_variants AS variant
    JOIN experiments ON experiments.id = variant.experiment_id
    WHERE experiments.tenant_id = @tenant_id
      AND experiments.id = @experiment_id
      AND experiments.status = 'running'
), fresh AS (
    INSERT INTO experiment_assignments (tenant_id, experiment_id, subject_id, variant)
    SELECT tenant_id, experiment_id, @subject_id, name
    FROM scale
    WHERE NOT EXISTS (SELECT 1 FROM recorded)
      AND upper_bound > mod(
          ('x' || left(md5(@experiment_id::text || '/' || @subject_id), 8))::bit(32)::bigint, total
      )
    ORDER BY upper_bound
    LIMIT 1
    -- Returns the row of one who was faster, too.
    ON CONFLICT (experiment_id, subject_id) DO UPDATE
    SET variant = experiment_assignments.variant
    RETURNING *
)
SELECT * FROM recorded
UNION ALL
SELECT * FROM fresh
LIMIT 1;

-- name: GetAssignment :opt
-- Return the assignment of a subject, or None if there is none.
SELECT * FROM experiment_assignments
WHERE tenant_id = @tenant_id
  AND experiment_id = @experiment_id
  AND subject_id = @subject_id;

-- name: CountAssignments :many
-- Count the subjects of each variant of an experiment, by name.
SELECT variant.name, variant.weight, count(assignment.subject_id) AS subjects
FROM experiment_variants AS variant
LEFT JOIN experiment_assignments AS assignment
    ON assignment.experiment_id = variant.experiment_id AND assignment.variant = variant.name
WHERE variant.tenant_id = @tenant_id
  AND variant.experiment_id = @experiment_id
GROUP BY variant.experiment_id, variant.name
ORDER BY variant.name;
