INSERT INTO agents (tenant_id, id, name, status, capabilities, max_tasks, last_seen_at, created_at, updated_at)
SELECT id_of('tenant', tenant),
       'agent-' || agent,
       'Agent ' || agent,
       CASE dice(agent, 1, 10) WHEN 0 THEN 'offline' WHEN 1 THEN 'paused' ELSE 'active' END::agent_status,
       (ARRAY['python', 'sql', 'review', 'deploy', 'docs'])[1 : 1 + dice(agent, 2, 5)],
       5 + dice(agent, 3, 20),
       '2026-01-01 00:00Z',
       '2025-01-01 00:00Z',
       '2025-01-01 00:00Z'
FROM generate_series(1, tenants()) AS tenant
CROSS JOIN generate_series(1, 20) AS agent;

-- One task a minute. Of ten tasks three are subtasks of the tenant's first task before them that is none.
WITH numbered AS (
    SELECT i,
           tenants() AS tenants,
           (i - 1) / tenants() AS place,
           timestamptz '2024-01-01 00:00Z' + i * interval '1 minute' AS created_at,
           dice(i, 10, 100) AS fate,
           'agent-' || 1 + dice(i, 11, 20) AS agent,
           interval '1 minute' * (1 + dice(i, 12, 60)) AS wait,
           interval '1 second' * (1 + dice(i, 13, 36000)) AS work
    FROM generate_series(1, current_setting('data.size')::bigint) AS i
), fated AS (
    SELECT *,
           CASE
               WHEN fate < 20 THEN 'pending'
               WHEN fate < 30 THEN 'assigned'
               WHEN fate < 40 THEN 'in_progress'
               WHEN fate < 90 THEN 'completed'
               WHEN fate < 95 THEN 'failed'
               WHEN fate < 98 THEN 'cancelled'
               ELSE 'timed_out'
           END::task_status AS status
    FROM numbered
)
INSERT INTO tasks (
    id, tenant_id, type, status, priority, created_by, assigned_to, parent_task_id, title, description, parameters,
    result, error, max_retries, retry_count, timeout_seconds, created_at, assigned_at, started_at, completed_at,
    updated_at, deleted_at, version, deadline, schedule, tags, capabilities
)
SELECT id_of('task', i),
       id_of('tenant', (i - 1) % tenants + 1),
       (ARRAY['analysis', 'review', 'build', 'deploy', 'report'])[1 + dice(i, 14, 5)],
       status,
       (enum_range(NULL::task_priority))[1 + least(dice(i, 15, 4), dice(i, 16, 4))],
       'agent-' || 1 + dice(i, 17, 20),
       CASE WHEN status NOT IN ('pending', 'cancelled') THEN agent END,
       CASE WHEN place % 10 IN (7, 8, 9) THEN id_of('task', i - place % 10 * tenants) END,
       (ARRAY['Review', 'Build', 'Deploy', 'Measure', 'Document', 'Repair'])[1 + dice(i, 18, 6)]
           || ' the ' || (ARRAY['payment', 'search', 'login', 'billing', 'export', 'cache'])[1 + dice(i, 19, 6)]
           || ' ' || (ARRAY['service', 'index', 'page', 'job', 'report'])[1 + dice(i, 20, 5)] || ' ' || i,
       CASE WHEN dice(i, 21, 4) > 0 THEN
           'It is ' || (ARRAY['slow', 'broken', 'unsafe', 'missing', 'old'])[1 + dice(i, 22, 5)]
               || ' since the ' || (ARRAY['upgrade', 'migration', 'outage', 'release'])[1 + dice(i, 23, 4)]
               || ', and customers of the ' || (ARRAY['north', 'south', 'east', 'west'])[1 + dice(i, 24, 4)]
               || ' complain about ' || (ARRAY['timeouts', 'wrong totals', 'lost sessions', 'delays'])[1 + dice(i, 25, 4)]
               || '.'
       END,
       jsonb_build_object('attempt', dice(i, 26, 5), 'region', (ARRAY['eu', 'us', 'ap'])[1 + dice(i, 27, 3)]),
       CASE WHEN status = 'completed' THEN jsonb_build_object('score', dice(i, 28, 100)) END,
       CASE WHEN status = 'failed' THEN 'exit status ' || 1 + dice(i, 29, 3) END,
       3,
       CASE WHEN status IN ('failed', 'timed_out') THEN 3 ELSE 0 END,
       3600,
       created_at,
       CASE WHEN status NOT IN ('pending', 'cancelled') THEN created_at + wait END,
       CASE WHEN status IN ('in_progress', 'completed', 'failed', 'timed_out') THEN created_at + wait END,
       CASE WHEN status IN ('completed', 'failed', 'cancelled', 'timed_out') THEN created_at + wait + work END,
       created_at + CASE WHEN status = 'pending' THEN interval '0' ELSE wait END,
       CASE WHEN dice(i, 30, 50) = 0 THEN created_at + interval '1 year' END,
       1,
       CASE WHEN dice(i, 31, 5) = 0 THEN created_at + interval '1 day' END,
       CASE WHEN dice(i, 32, 20) = 0 THEN 'nightly' END,
       (ARRAY['urgent', 'customer', 'internal', 'legal'])[1 : dice(i, 33, 5)],
       (ARRAY['python', 'sql', 'review', 'deploy', 'docs'])[1 : dice(i, 34, 4)]
FROM fated;

INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details, timestamp)
SELECT tenant_id, id, 'assigned', assigned_to, jsonb_build_object('assigned_by', created_by), assigned_at
FROM tasks
WHERE assigned_at IS NOT NULL
  AND hashint8extended(extract(epoch FROM created_at)::bigint, 40) % 4 = 0
ORDER BY created_at;

INSERT INTO task_delegations (id, tenant_id, task_id, from_agent, to_agent, reason, delegated_at)
SELECT md5('delegation/' || id)::uuid, tenant_id, id, 'dispatcher', assigned_to, 'better suited', assigned_at
FROM tasks
WHERE assigned_at IS NOT NULL
  AND hashint8extended(extract(epoch FROM created_at)::bigint, 41) % 50 = 0;

INSERT INTO workflows (id, tenant_id, name, type, status, definition, current_stage, created_by, created_at, updated_at)
SELECT id_of('workflow', i),
       id_of('tenant', (i - 1) % tenants() + 1),
       'Release ' || i,
       (ARRAY['release', 'onboarding', 'audit'])[1 + dice(i, 50, 3)],
       (enum_range(NULL::workflow_status))[1 + dice(i, 51, 5)],
       '{"stages": [{"name": "build"}, {"name": "test"}, {"name": "deploy"}]}',
       dice(i, 52, 3),
       'agent-1',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, greatest(4, current_setting('data.size')::bigint / 100)) AS i;

INSERT INTO workflow_stages (id, tenant_id, workflow_id, stage_index, name, type, created_at)
SELECT md5(id || '/' || stage)::uuid, tenant_id, id, stage, (ARRAY['build', 'test', 'deploy'])[1 + stage], 'task', created_at
FROM workflows
CROSS JOIN generate_series(0, 2) AS stage;

INSERT INTO workspaces (id, tenant_id, name, owner_id, created_at, updated_at)
SELECT id_of('workspace', i), id_of('tenant', (i - 1) % tenants() + 1), 'Room ' || i, 'agent-1',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, greatest(4, current_setting('data.size')::bigint / 1000)) AS i;

INSERT INTO workspace_members (tenant_id, workspace_id, agent_id, role, joined_at, last_activity_at)
SELECT tenant_id, id, 'agent-' || member,
       CASE member WHEN 1 THEN 'owner' WHEN 2 THEN 'admin' ELSE 'editor' END::member_role, created_at, created_at
FROM workspaces
CROSS JOIN generate_series(1, 5) AS member;

INSERT INTO workspace_activity (tenant_id, workspace_id, agent_id, action, timestamp)
SELECT tenant_id, id, 'agent-' || 1 + dice(step, 60, 5), (ARRAY['opened', 'edited', 'commented'])[1 + dice(step, 61, 3)],
       created_at + step * interval '1 minute'
FROM workspaces
CROSS JOIN generate_series(1, 20) AS step;

INSERT INTO shared_documents (
    id, tenant_id, workspace_id, title, content, last_sequence, created_by, last_modified_by, created_at, updated_at
)
SELECT md5(id || '/document/' || number)::uuid, tenant_id, id, 'Notes ' || number, 'First line.', 10, 'agent-1', 'agent-1',
       created_at, created_at + number * interval '1 minute'
FROM workspaces
CROSS JOIN generate_series(1, 3) AS number;

INSERT INTO document_operations (
    id, tenant_id, document_id, sequence, operation_type, path, value, agent_id, recorded_at, applied_at
)
SELECT md5(id || '/' || sequence)::uuid, tenant_id, id, sequence, 'insert', '/content', to_jsonb('line ' || sequence),
       'agent-1', created_at, CASE WHEN sequence <= 8 THEN created_at END
FROM shared_documents
CROSS JOIN generate_series(1, 10) AS sequence;

REFRESH MATERIALIZED VIEW mv_task_stats;
