INSERT INTO conversation_flows (
    id, tenant_id, name, version, description, flow_definition, status, is_default, tags, usage_count, last_used_at,
    published_at, created_at, updated_at
)
SELECT id_of('flow', i),
       id_of('tenant', (i - 1) % tenants() + 1),
       (ARRAY['Welcome', 'Support', 'Sales', 'Survey'])[1 + dice(i, 1, 4)] || ' ' || i,
       '1.0',
       CASE WHEN dice(i, 2, 3) > 0 THEN 'Talks about ' || (ARRAY['orders', 'refunds', 'prices'])[1 + dice(i, 3, 3)] END,
       '{"states": ["start", "end"]}',
       CASE WHEN i <= tenants() OR dice(i, 4, 2) = 0 THEN 'active' ELSE 'draft' END::flow_status,
       i <= tenants(),
       (ARRAY['web', 'phone', 'vip'])[1 : dice(i, 5, 4)],
       dice(i, 6, 1000),
       timestamptz '2024-06-01 00:00Z' + dice(i, 7, 100000) * interval '1 minute',
       '2024-06-01 00:00Z',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 minute',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 minute'
FROM generate_series(1, greatest(4, current_setting('data.size')::bigint / 10)) AS i;

INSERT INTO flow_versions (id, tenant_id, flow_id, version, flow_definition, created_at)
SELECT md5(id || '/' || minor)::uuid, tenant_id, id, '1.' || minor, jsonb_build_object('states', minor),
       created_at + minor * interval '1 hour'
FROM conversation_flows
CROSS JOIN generate_series(0, 2) AS minor;

INSERT INTO flow_analytics (flow_id, metric_date, tenant_id, started, completed, abandoned, messages, duration_ms)
SELECT id_of('flow', flow), date '2024-06-01' + day, id_of('tenant', (flow - 1) % tenants() + 1),
       100 + dice(1000 * flow + day, 8, 100), dice(1000 * flow + day, 9, 80), dice(1000 * flow + day, 10, 20),
       dice(1000 * flow + day, 11, 1000), dice(1000 * flow + day, 12, 1000000)
FROM generate_series(1, 4) AS flow
CROSS JOIN generate_series(0, 29) AS day;

INSERT INTO contexts (tenant_id, id, document, expires_at, created_at, updated_at)
SELECT id_of('tenant', (i - 1) % tenants() + 1),
       'context-' || i,
       jsonb_build_object(
           'user', jsonb_build_object('name', 'user ' || i, 'age', 18 + dice(i, 20, 60)),
           'channel', (ARRAY['web', 'phone', 'chat'])[1 + dice(i, 21, 3)],
           'score', dice(i, 22, 100),
           'topics', to_jsonb((ARRAY['orders', 'refunds', 'prices'])[1 : dice(i, 23, 4)]),
           'seen_at', to_jsonb(timestamptz '2024-01-01 00:00Z' + i * interval '1 minute'),
           'agent', CASE WHEN dice(i, 24, 2) = 0 THEN NULL ELSE 'agent-' || dice(i, 25, 5) END
       ),
       CASE WHEN dice(i, 26, 10) = 0 THEN timestamptz '2024-12-31 00:00Z' END,
       timestamptz '2024-01-01 00:00Z' + i * interval '1 minute',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 minute'
FROM generate_series(1, current_setting('data.size')::bigint) AS i;

INSERT INTO states (tenant_id, key, value, expires_at)
SELECT id_of('tenant', (i - 1) % tenants() + 1), 'session:' || i, jsonb_build_object('step', dice(i, 30, 10)),
       CASE WHEN dice(i, 31, 10) = 0 THEN timestamptz '2024-12-31 00:00Z' END
FROM generate_series(1, current_setting('data.size')::bigint) AS i;
