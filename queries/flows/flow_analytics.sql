-- name: Record :one
-- Add to the daily totals of a flow. Returns the day's totals.
INSERT INTO flow_analytics (tenant_id, flow_id, metric_date, started, completed, abandoned, messages, duration_ms)
VALUES (@tenant_id, @flow_id, @metric_date, @started, @completed, @abandoned, @messages, @duration_ms)
ON CONFLICT (tenant_id, flow_id, metric_date) DO UPDATE
SET started = flow_analytics.started + excluded.started,
    completed = flow_analytics.completed + excluded.completed,
    abandoned = flow_analytics.abandoned + excluded.abandoned,
    messages = flow_analytics.messages + excluded.messages,
    duration_ms = flow_analytics.duration_ms + excluded.duration_ms,
    updated_at = now()
RETURNING *;

-- name: GetFlowAnalytics :many
-- List the daily totals of a flow, latest first. Both dates are included.
-- @optional start_date, end_date
SELECT * FROM flow_analytics
WHERE tenant_id = @tenant_id
  AND flow_id = @flow_id
  AND metric_date >= @start_date
  AND metric_date <= @end_date
ORDER BY metric_date DESC;

-- name: GetTenantAnalytics :many
-- Summarize each flow of a tenant in a period, most used first. Both dates are included. The completion rate ranges
-- from 0 to 1. The rate and the average are None if no conversation was started.
SELECT flow.id AS flow_id,
       flow.name,
       flow.version,
       sum(day.started)::bigint AS started,
       sum(day.completed)::bigint AS completed,
       sum(day.abandoned)::bigint AS abandoned,
       sum(day.messages)::bigint AS messages,
       sum(day.completed)::double precision / nullif(sum(day.started), 0)::double precision AS completion_rate,
       sum(day.duration_ms)::double precision / nullif(sum(day.started), 0)::double precision AS average_duration_ms
FROM flow_analytics AS day
JOIN conversation_flows AS flow ON flow.id = day.flow_id
WHERE day.tenant_id = @tenant_id
  AND day.metric_date BETWEEN @start_date AND @end_date
GROUP BY flow.id
ORDER BY started DESC, flow.id;
