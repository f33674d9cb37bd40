CREATE TABLE river_queue (name text PRIMARY KEY NOT NULL, paused_at timestamptz);

-- name: QueueGet :one
SELECT * FROM river_queue WHERE name = @name::text;

-- name: QueueJobs :one
SELECT count(*) FROM river_job;
