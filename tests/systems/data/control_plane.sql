INSERT INTO organizations (id, name, slug, created_at, updated_at)
SELECT id_of('organization', i), 'Organization ' || i, 'organization-' || i, '2024-01-01 00:00Z', '2024-01-01 00:00Z'
FROM generate_series(1, tenants()) AS i;

INSERT INTO applications (id, org_id, name, api_key_hash, created_at, updated_at)
SELECT id_of('application', i), id_of('organization', (i - 1) % tenants() + 1), 'Application ' || i, md5('key/' || i),
       '2024-01-01 00:00Z', '2024-01-01 00:00Z'
FROM generate_series(1, 5 * tenants()) AS i;

INSERT INTO users (id, org_id, email, cognito_sub, role, created_at, updated_at)
SELECT id_of('user', i), id_of('organization', (i - 1) % tenants() + 1), 'user' || i || '@example.com', 'sub-' || i,
       (enum_range(NULL::user_role))[1 + dice(i, 1, 4)],
       timestamptz '2024-01-01 00:00Z' + i * interval '1 hour', timestamptz '2024-01-01 00:00Z' + i * interval '1 hour'
FROM generate_series(1, 20 * tenants()) AS i;

-- One in four for an organization, an application, a user, and a user within an application.
INSERT INTO policies (id, org_id, app_id, user_id, policy_type, config, priority, enabled, created_at, updated_at)
SELECT id_of('policy', i),
       id_of('organization', (i - 1) % tenants() + 1),
       CASE WHEN i / tenants() % 4 IN (1, 3) THEN id_of('application', (i - 1) % tenants() + 1) END,
       CASE WHEN i / tenants() % 4 IN (2, 3) THEN id_of('user', (i - 1) % tenants() + 1) END,
       (ARRAY['rate_limit', 'budget', 'model_access'])[1 + dice(i, 2, 3)],
       jsonb_build_object('limit', 10 * (1 + dice(i, 3, 100))),
       dice(i, 4, 10),
       dice(i, 5, 5) > 0,
       timestamptz '2024-01-01 00:00Z' + i * interval '1 minute',
       timestamptz '2024-01-01 00:00Z' + i * interval '1 minute'
FROM generate_series(1, 16 * tenants()) AS i;

-- The i-th request belongs to the ((i - 1) % tenants + 1)-th organization, and so do its application and user.
WITH numbered AS (
    SELECT i,
           (i - 1) % tenants() + 1 AS place,
           tenants() AS tenants,
           timestamptz '2024-01-01 00:00Z' + i * interval '1 minute' AS created_at,
           dice(i, 10, 100) AS fate,
           dice(i, 11, 2000) AS prompt_tokens,
           dice(i, 12, 1000) AS completion_tokens,
           100 + dice(i, 13, 5000) AS latency_ms
    FROM generate_series(1, current_setting('data.size')::bigint) AS i
)
INSERT INTO inference_requests (
    id, request_id, org_id, app_id, user_id, model, provider, status, prompt_tokens, completion_tokens, cost, latency_ms,
    error_message, created_at, completed_at
)
SELECT id_of('request', i),
       'request-' || i,
       id_of('organization', place),
       id_of('application', place + tenants * dice(i, 14, 5)),
       CASE WHEN dice(i, 15, 10) > 0 THEN id_of('user', place + tenants * dice(i, 16, 20)) END,
       (ARRAY['small', 'medium', 'large'])[1 + dice(i, 17, 3)],
       (ARRAY['north', 'south'])[1 + dice(i, 18, 2)],
       CASE WHEN fate < 80 THEN 'completed' WHEN fate < 90 THEN 'failed' WHEN fate < 95 THEN 'processing' ELSE 'pending'
       END::inference_status,
       CASE WHEN fate < 80 THEN prompt_tokens ELSE 0 END,
       CASE WHEN fate < 80 THEN completion_tokens ELSE 0 END,
       CASE WHEN fate < 80 THEN (prompt_tokens + 3 * completion_tokens) * 0.000002 ELSE 0 END,
       CASE WHEN fate < 90 THEN latency_ms END,
       CASE WHEN fate >= 80 AND fate < 90 THEN 'upstream timed out' END,
       created_at,
       CASE WHEN fate < 90 THEN created_at + latency_ms * interval '1 millisecond' END
FROM numbered;

INSERT INTO audit_logs (
    id, org_id, app_id, user_id, action, resource_type, resource_id, request_id, ip_address, user_agent, model, provider,
    tokens_used, cost, latency_ms, timestamp
)
SELECT md5(request_id)::uuid, org_id, app_id, user_id, 'inference.' || status, 'inference_request', id::text, request_id,
       '10.0.0.1', 'example/1.0', model, provider, total_tokens, cost, latency_ms, created_at
FROM inference_requests;
