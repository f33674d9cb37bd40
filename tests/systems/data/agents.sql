INSERT INTO users (id, email, name, active, created_at, updated_at)
SELECT id_of('user', i), 'user' || i || '@example.com',
       (ARRAY['Ada', 'Bela', 'Cleo', 'Dora', 'Emil', 'Finn'])[1 + dice(i, 1, 6)] || ' '
           || (ARRAY['Ash', 'Birch', 'Cedar', 'Elm', 'Fir', 'Oak'])[1 + dice(i, 2, 6)],
       dice(i, 3, 10) > 0,
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, greatest(5, current_setting('data.size')::bigint / 100)) AS i;

INSERT INTO agents (id, name, type, status, description, created_at, updated_at)
SELECT id_of('agent', i), 'agent-' || i, (ARRAY['planner', 'coder', 'critic'])[1 + dice(i, 4, 3)],
       (enum_range(NULL::agent_status))[1 + dice(i, 5, 4)], 'Helps with everything, in its own way ' || i,
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, 20) AS i;

INSERT INTO tools (id, name, category, description, available, created_at, updated_at)
SELECT id_of('tool', i), 'tool-' || i, (ARRAY['search', 'files', 'shell'])[1 + dice(i, 6, 3)], 'Does one thing well',
       dice(i, 7, 5) > 0,
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, 30) AS i;

INSERT INTO tool_capabilities (id, tool_id, name)
SELECT md5('capability/' || tool || '/' || name)::uuid, id_of('tool', tool), name
FROM generate_series(1, 30) AS tool
CROSS JOIN unnest((ARRAY['read', 'write', 'list', 'run'])[1 : 1 + dice(tool, 8, 4)]) AS name;

INSERT INTO agent_tools (agent_id, tool_id)
SELECT id_of('agent', agent), id_of('tool', tool)
FROM generate_series(1, 20) AS agent
CROSS JOIN generate_series(1, 30) AS tool
WHERE dice(100 * agent + tool, 9, 5) = 0;

INSERT INTO workflows (id, name, status, definition, created_at, updated_at)
SELECT id_of('workflow', i), 'Workflow ' || i, (enum_range(NULL::workflow_status))[1 + dice(i, 10, 4)],
       '{"steps": ["plan", "do", "check"]}',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, 10) AS i;

INSERT INTO workflow_executions (id, workflow_id, status, started_at, completed_at)
SELECT md5('execution/' || workflow || '/' || run)::uuid, id_of('workflow', workflow),
       CASE dice(100 * workflow + run, 11, 5) WHEN 0 THEN 'failed' ELSE 'completed' END::execution_status,
       timestamptz '2024-02-01 00:00Z' + run * interval '1 hour',
       timestamptz '2024-02-01 00:00Z' + run * interval '1 hour' + (1 + dice(100 * workflow + run, 12, 600)) * interval '1 second'
FROM generate_series(1, 10) AS workflow
CROSS JOIN generate_series(1, 10) AS run;

WITH numbered AS (
    SELECT i, dice(i, 20, 100) AS fate, timestamptz '2024-01-01 00:00Z' + i * interval '1 minute' AS created_at
    FROM generate_series(1, current_setting('data.size')::bigint) AS i
), fated AS (
    SELECT *,
           CASE WHEN fate < 30 THEN 'pending' WHEN fate < 40 THEN 'running' WHEN fate < 90 THEN 'completed'
                WHEN fate < 97 THEN 'failed' ELSE 'cancelled'
           END::task_status AS status
    FROM numbered
)
INSERT INTO tasks (
    id, title, type, description, status, priority, agent_id, workflow_id, created_by, completed_at, created_at, updated_at
)
SELECT id_of('task', i),
       (ARRAY['Summarize', 'Translate', 'Check', 'Draft'])[1 + dice(i, 21, 4)] || ' the '
           || (ARRAY['report', 'letter', 'contract', 'manual'])[1 + dice(i, 22, 4)] || ' ' || i,
       (ARRAY['text', 'code', 'research'])[1 + dice(i, 23, 3)],
       CASE WHEN dice(i, 24, 2) = 0 THEN 'Take the ' || (ARRAY['short', 'long'])[1 + dice(i, 25, 2)] || ' way.' END,
       status,
       dice(i, 26, 10),
       CASE WHEN status <> 'pending' OR dice(i, 27, 2) = 0 THEN id_of('agent', 1 + dice(i, 28, 20)) END,
       CASE WHEN dice(i, 29, 4) = 0 THEN id_of('workflow', 1 + dice(i, 30, 10)) END,
       id_of('user', 1 + dice(i, 31, 5)),
       CASE WHEN status IN ('completed', 'failed', 'cancelled') THEN created_at + (1 + dice(i, 32, 3600)) * interval '1 second'
       END,
       created_at,
       created_at
FROM fated;

INSERT INTO task_executions (id, task_id, agent_id, attempt, status, started_at, completed_at)
SELECT md5('attempt/' || id)::uuid, id, agent_id, 1, status::text::execution_status, created_at, completed_at
FROM tasks
WHERE status IN ('running', 'completed', 'failed');

-- Every fifth task waits for the one before it.
INSERT INTO task_dependencies (task_id, depends_on_id)
SELECT id_of('task', i), id_of('task', i - 1)
FROM generate_series(5, least(current_setting('data.size')::bigint, 10000), 5) AS i;

INSERT INTO tool_usage (tool_id, agent_id, succeeded, duration_ms, used_at)
SELECT id_of('tool', 1 + dice(i, 40, 30)), id_of('agent', 1 + dice(i, 41, 20)), dice(i, 42, 10) > 0, dice(i, 43, 2000),
       timestamptz '2024-01-01 00:00Z' + i * interval '1 minute'
FROM generate_series(1, current_setting('data.size')::bigint) AS i;

UPDATE tools
SET usage_count = used.times,
    last_used_at = used.last
FROM (SELECT tool_id, count(*) AS times, max(used_at) AS last FROM tool_usage GROUP BY tool_id) AS used
WHERE tools.id = used.tool_id;

INSERT INTO playbooks (id, name, category, is_template, content, tags, created_at, updated_at)
SELECT id_of('playbook', i), 'Playbook ' || i, (ARRAY['support', 'release'])[1 + dice(i, 50, 2)], i % 3 = 0,
       '{"steps": []}', (ARRAY['calm', 'quick'])[1 : dice(i, 51, 3)],
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, 12) AS i;

INSERT INTO conversations (id, user_id, agent_id, title, last_position, created_at, updated_at)
SELECT id_of('conversation', i), id_of('user', 1 + (i - 1) % 5), id_of('agent', 1 + dice(i, 60, 20)), 'Conversation ' || i, 20,
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:20Z' + i * interval '1 hour'
FROM generate_series(1, greatest(5, current_setting('data.size')::bigint / 20)) AS i;

INSERT INTO messages (id, conversation_id, position, role, content, token_count, created_at)
SELECT md5(id || '/' || position)::uuid, id, position, CASE position % 2 WHEN 1 THEN 'user' ELSE 'assistant' END::message_role,
       CASE position % 2 WHEN 1 THEN 'How do I ' ELSE 'You can ' END
           || (ARRAY['open', 'close', 'share', 'print'])[1 + dice(position, 61, 4)] || ' the '
           || (ARRAY['report', 'letter', 'contract', 'manual'])[1 + dice(position, 62, 4)],
       10 + dice(position, 63, 90),
       created_at + position * interval '1 minute'
FROM conversations
CROSS JOIN generate_series(1, 20) AS position;
