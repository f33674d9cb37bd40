-- name: SearchEverything :many
-- Search names and descriptions of all kinds of objects for all words of the query, best matches first.
SELECT kind, id, name, rank
FROM (
    SELECT 'agent' AS kind, id, name, to_tsvector('english', name || ' ' || coalesce(description, '')) AS document
    FROM agents
    UNION ALL
    SELECT 'tool', id, name, to_tsvector('english', name || ' ' || coalesce(description, ''))
    FROM tools
    UNION ALL
    SELECT 'workflow', id, name, to_tsvector('english', name || ' ' || coalesce(description, ''))
    FROM workflows
    UNION ALL
    SELECT 'task', id, title, to_tsvector('english', title || ' ' || coalesce(description, ''))
    FROM tasks
    UNION ALL
    SELECT 'playbook', id, name, to_tsvector('english', name || ' ' || coalesce(description, ''))
    FROM playbooks
) AS entity
CROSS JOIN websearch_to_tsquery('english', @query) AS query
CROSS JOIN LATERAL ts_rank(document, query) AS rank
WHERE document @@ query
ORDER BY rank DESC, kind, name, id
LIMIT @limit;

-- name: GetUserOverview :one
-- Return a user's preferences, latest conversations and most urgent open tasks.
SELECT sqlc.embed(person),
       coalesce(chosen.preferences, '{}') AS preferences,
       ARRAY(
           SELECT conversation
           FROM conversations AS conversation
           WHERE conversation.user_id = person.id
           ORDER BY conversation.updated_at DESC, conversation.id DESC
           LIMIT @conversation_limit
       ) AS conversations,
       ARRAY(
           SELECT task
           FROM tasks AS task
           WHERE task.created_by = person.id
             AND task.status IN ('pending', 'running')
           ORDER BY task.priority DESC, task.created_at, task.id
           LIMIT @task_limit
       ) AS open_tasks
FROM users AS person
LEFT JOIN user_preferences AS chosen ON chosen.user_id = person.id
WHERE person.id = @user_id;

-- name: GetSystemOverview :one
-- Count the objects of each kind.
-- @vet-ignore seq-scan it is shown to administrators, a few times a day
SELECT (SELECT count(*) FROM agents) AS agents,
       (SELECT count(*) FROM agents WHERE status = 'active') AS active_agents,
       (SELECT count(*) FROM tools WHERE available) AS available_tools,
       (SELECT count(*) FROM workflow_executions WHERE status IN ('running', 'paused')) AS open_workflow_executions,
       (SELECT count(*) FROM tasks WHERE status = 'pending') AS pending_tasks,
       (SELECT count(*) FROM tasks WHERE status = 'running') AS running_tasks,
       (SELECT count(*) FROM users WHERE active) AS active_users,
       (SELECT count(*) FROM conversations) AS conversations,
       (SELECT count(*) FROM messages) AS messages;
