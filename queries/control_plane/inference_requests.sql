-- name: CreateInferenceRequest :one
-- Record a request that has arrived.
INSERT INTO inference_requests (request_id, org_id, app_id, user_id, model, provider)
VALUES (@request_id, @org_id, @app_id, @user_id, @model, @provider)
RETURNING *;

-- name: GetInferenceRequest :one
-- Return a request.
SELECT * FROM inference_requests
WHERE id = @id;

-- name: GetInferenceRequestByRequestID :one
-- Return the request with this request id.
SELECT * FROM inference_requests
WHERE request_id = @request_id;

-- name: UpdateInferenceRequestStatus :one
-- Set the status of a request that has not ended. A final status also sets the time of its end.
UPDATE inference_requests
SET status = @status::inference_status,
    completed_at = CASE WHEN @status::inference_status IN ('completed', 'failed', 'cancelled') THEN now() END
WHERE id = @id
  AND completed_at IS NULL
RETURNING *;

-- name: CompleteInferenceRequest :one
-- Mark a request as succeeded, and record its usage.
UPDATE inference_requests
SET status = 'completed',
    prompt_tokens = @prompt_tokens,
    completion_tokens = @completion_tokens,
    cost = @cost,
    latency_ms = @latency_ms,
    completed_at = now()
WHERE id = @id
  AND completed_at IS NULL
RETURNING *;

-- name: FailInferenceRequest :one
-- Mark a request as failed, with the reason.
UPDATE inference_requests
SET status = 'failed',
    error_message = @error_message,
    latency_ms = @latency_ms,
    completed_at = now()
WHERE id = @id
  AND completed_at IS NULL
RETURNING *;

-- name: DeleteInferenceRequest :execrows
-- Delete a request.
DELETE FROM inference_requests
WHERE id = @id;

-- name: ListInferenceRequestsByOrganization :page
-- List the requests of an organization, newest first.
-- @optional app_id, user_id, model, provider
SELECT * FROM inference_requests
WHERE org_id = @org_id
  AND app_id = @app_id
  AND user_id = @user_id
  AND model = @model
  AND provider = @provider
ORDER BY created_at DESC, id DESC;

-- name: ListInferenceRequestsByStatus :page
-- List the requests of an organization with a status, newest first.
SELECT * FROM inference_requests
WHERE org_id = @org_id
  AND status = @status
ORDER BY created_at DESC, id DESC;

-- name: ListInferenceRequestsByDateRange :page
-- List the requests of an organization that arrived in a period, newest first. The end of the period is excluded.
SELECT * FROM inference_requests
WHERE org_id = @org_id
  AND created_at >= @since
  AND created_at < @until
ORDER BY created_at DESC, id DESC;

-- name: GetMetrics :one
-- Summarize an organization's requests in a period; its end is excluded. The average latency, in milliseconds, is
-- None if no request has one.
SELECT count(*) AS total_requests,
       count(*) FILTER (WHERE status IN ('pending', 'processing')) AS open_requests,
       count(*) FILTER (WHERE status = 'completed') AS completed_requests,
       count(*) FILTER (WHERE status = 'failed') AS failed_requests,
       count(*) FILTER (WHERE status = 'cancelled') AS cancelled_requests,
       coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
       coalesce(sum(completion_tokens), 0) AS completion_tokens,
       coalesce(sum(total_tokens), 0) AS total_tokens,
       coalesce(sum(cost), 0) AS total_cost,
       avg(latency_ms)::double precision AS average_latency_ms
FROM inference_requests
WHERE org_id = @org_id
  AND created_at >= @since
  AND created_at < @until;

-- name: GetMetricsByModel :many
-- Summarize an organization's requests by model, most expensive first.
SELECT provider,
       model,
       count(*) AS requests,
       coalesce(sum(total_tokens), 0) AS total_tokens,
       coalesce(sum(cost), 0) AS total_cost,
       avg(latency_ms)::double precision AS average_latency_ms
FROM inference_requests
WHERE org_id = @org_id
  AND created_at >= @since
  AND created_at < @until
GROUP BY provider, model
ORDER BY total_cost DESC, provider, model;
