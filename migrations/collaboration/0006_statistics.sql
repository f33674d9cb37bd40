CREATE MATERIALIZED VIEW mv_task_stats AS
SELECT tenant_id,
       date_trunc('hour', created_at) AS hour,
       status,
       priority,
       count(*) AS count,
       avg(extract(epoch FROM completed_at - created_at))::double precision AS avg_duration,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - created_at)::double precision)
           AS median_duration,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - created_at)::double precision)
           AS p95_duration
FROM tasks
WHERE deleted_at IS NULL
GROUP BY tenant_id, date_trunc('hour', created_at), status, priority;
COMMENT ON MATERIALIZED VIEW mv_task_stats IS 'Tasks by the hour of their creation, of all tenants; durations in seconds.';

CREATE UNIQUE INDEX idx_mv_task_stats ON mv_task_stats (tenant_id, hour, status, priority);

-- Row-level security can't guard a materialized view, so a role that serves tenants reads this view instead.
CREATE VIEW task_stats WITH (security_barrier) AS
SELECT * FROM mv_task_stats
WHERE tenant_id = current_tenant();
COMMENT ON VIEW task_stats IS 'The current tenant''s part of mv_task_stats.';

REVOKE ALL ON mv_task_stats FROM PUBLIC;

CREATE FUNCTION refresh_task_stats() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY mv_task_stats;
END;
$$;
COMMENT ON FUNCTION refresh_task_stats() IS 'Bring mv_task_stats up to date while it can still be read, as its owner.';
