CREATE TYPE river_job_state AS ENUM ('available', 'running', 'done');

CREATE TABLE river_job (
    id bigserial PRIMARY KEY,
    args jsonb,
    state river_job_state NOT NULL DEFAULT 'available',
    scheduled_at timestamptz NOT NULL DEFAULT NOW(),
    tags varchar(255)[],
    CONSTRAINT kind_length CHECK (char_length(args::text) < 10000)
);

-- name: JobCancel :one
WITH locked_job AS (
    SELECT id FROM river_job WHERE river_job.id = @id FOR UPDATE
),
updated_job AS (
    UPDATE river_job SET state = 'done' FROM locked_job
    WHERE river_job.id = locked_job.id
    RETURNING river_job.*
)
SELECT * FROM river_job WHERE id = @id::bigint AND id NOT IN (SELECT id FROM updated_job)
UNION
SELECT * FROM updated_job;

-- name: JobGetAvailable :many
SELECT * FROM river_job
WHERE state = 'available' AND scheduled_at <= coalesce(sqlc.narg('now')::timestamptz, now())
ORDER BY id LIMIT @max::integer
FOR UPDATE SKIP LOCKED;

-- name: JobInsertMany :many
INSERT INTO river_job (args, tags)
SELECT unnest(@args::jsonb[]), string_to_array(unnest(@tags::text[]), ',')
RETURNING *;

-- name: JobDelete :execrows
DELETE FROM river_job WHERE id = any(@ids::bigint[]);
