-- name: Create :one
-- Create a task. If an agent is given, the task is assigned to it. The caller can choose the id, to recognize a
-- repeated call.
INSERT INTO tasks (
    id, tenant_id, type, status, priority, created_by, assigned_to, assigned_at, parent_task_id, title, description,
    parameters, max_retries, timeout_seconds, deadline, schedule, tags, capabilities
)
VALUES (
    coalesce(sqlc.narg(id)::uuid, gen_random_uuid()), @tenant_id, @type,
    CASE WHEN sqlc.narg(assigned_to)::text IS NULL THEN 'pending'::task_status ELSE 'assigned' END,
    @priority, @created_by, sqlc.narg(assigned_to)::text,
    CASE WHEN sqlc.narg(assigned_to)::text IS NOT NULL THEN now() END,
    @parent_task_id, @title, @description,
    @parameters, @max_retries, @timeout_seconds, @deadline, @schedule, @tags, @capabilities
)
RETURNING *;

-- name: CreateBatch :copyfrom
-- Create many tasks at once.
INSERT INTO tasks (
    id, tenant_id, type, status, priority, created_by, assigned_to, parent_task_id, title, description,
    parameters, max_retries, timeout_seconds
)
VALUES (
    @id, @tenant_id, @type, @status, @priority, @created_by, @assigned_to, @parent_task_id, @title, @description,
    @parameters, @max_retries, @timeout_seconds
);

-- name: BulkInsert :copyfrom
-- Import complete tasks, with times and counts. Existing tasks are not changed. Returns the number of new ones.
INSERT INTO tasks (
    id, tenant_id, type, status, priority, created_by, assigned_to, parent_task_id, title, description,
    parameters, result, error, max_retries, retry_count, timeout_seconds,
    created_at, assigned_at, started_at, completed_at, updated_at, deleted_at, version,
    delegated_from, deadline, schedule, tags, capabilities, metadata
)
VALUES (
    @id, @tenant_id, @type, @status, @priority, @created_by, @assigned_to, @parent_task_id, @title, @description,
    @parameters, @result, @error, @max_retries, @retry_count, @timeout_seconds,
    @created_at, @assigned_at, @started_at, @completed_at, @updated_at, @deleted_at, @version,
    @delegated_from, @deadline, @schedule, @tags, @capabilities, @metadata
)
ON CONFLICT (id) DO NOTHING;

-- name: Get :one
-- Return a task.
-- @cache ttl=5m
SELECT * FROM tasks
WHERE id = @id
  AND deleted_at IS NULL;

-- name: GetBatch :many
-- Return the tasks with these ids, in the order of the ids. Ids without a task are skipped.
-- @cache ttl=5m
SELECT t.*
FROM unnest(@ids::uuid[]) WITH ORDINALITY AS wanted (id, position)
JOIN tasks AS t ON t.id = wanted.id
WHERE t.deleted_at IS NULL
ORDER BY wanted.position;

-- name: GetForUpdate :one
-- Return a task, and lock it until the end of the transaction.
SELECT * FROM tasks
WHERE id = @id
  AND deleted_at IS NULL
FOR UPDATE;

-- name: Update :one
-- Update a task, whatever its version is.
-- @optional type, priority, title, description, parameters, result, error, max_retries, timeout_seconds, deadline, schedule, tags, capabilities
UPDATE tasks
SET type = @type,
    priority = @priority,
    title = @title,
    description = @description,
    parameters = @parameters,
    result = @result,
    error = @error,
    max_retries = @max_retries,
    timeout_seconds = @timeout_seconds,
    deadline = @deadline,
    schedule = @schedule,
    tags = @tags,
    capabilities = @capabilities,
    version = version + 1,
    updated_at = now()
WHERE id = @id
  AND deleted_at IS NULL
RETURNING *;

-- name: UpdateWithVersion :one
-- Update a task, unless somebody else changed it since the expected version.
-- @optional type, priority, title, description, parameters, result, error, max_retries, timeout_seconds, deadline, schedule, tags, capabilities
-- @optimistic version
UPDATE tasks
SET type = @type,
    priority = @priority,
    title = @title,
    description = @description,
    parameters = @parameters,
    result = @result,
    error = @error,
    max_retries = @max_retries,
    timeout_seconds = @timeout_seconds,
    deadline = @deadline,
    schedule = @schedule,
    tags = @tags,
    capabilities = @capabilities,
    version = version + 1,
    updated_at = now()
WHERE id = @id
  AND version = @expected_version
  AND deleted_at IS NULL
RETURNING *;

-- name: Delete :execrows
-- Delete a task permanently, with its subtasks, delegations and timeline.
DELETE FROM tasks
WHERE id = @id;

-- name: SoftDelete :execrows
-- Delete a task softly.
UPDATE tasks
SET deleted_at = now(),
    version = version + 1,
    updated_at = now()
WHERE id = @id
  AND deleted_at IS NULL;

-- name: ListByTenant :page
-- List the tasks of a tenant, newest first. If tags or capabilities are given, only those that have all of them.
-- @optional status, priority, types, assigned_to, created_by, created_after, created_before, updated_after, parent_task_id, has_subtasks, tags, capabilities
-- @sort created_at, updated_at, priority, status, deadline, title
SELECT * FROM tasks AS t
WHERE tenant_id = @tenant_id
  AND deleted_at IS NULL
  AND status = ANY(@status)
  AND priority = ANY(@priority)
  AND type = ANY(@types)
  AND assigned_to = @assigned_to
  AND created_by = @created_by
  AND created_at > @created_after
  AND created_at < @created_before
  AND updated_at > @updated_after
  AND parent_task_id = @parent_task_id
  AND ((SELECT 1 FROM tasks AS child WHERE child.parent_task_id = t.id AND child.deleted_at IS NULL LIMIT 1) IS NOT NULL)
      = @has_subtasks
  AND tags @> @tags
  AND capabilities @> @capabilities
ORDER BY created_at DESC, id DESC;

-- name: ListByAgent :page
-- List the tasks of an agent, newest first.
-- @optional status, priority, types, created_by, created_after, created_before, updated_after, parent_task_id, has_subtasks, tags, capabilities
-- @sort created_at, updated_at, priority, status, deadline, title
SELECT * FROM tasks AS t
WHERE tenant_id = @tenant_id
  AND assigned_to = @agent_id
  AND deleted_at IS NULL
  AND status = ANY(@status)
  AND priority = ANY(@priority)
  AND type = ANY(@types)
  AND created_by = @created_by
  AND created_at > @created_after
  AND created_at < @created_before
  AND updated_at > @updated_after
  AND parent_task_id = @parent_task_id
  AND ((SELECT 1 FROM tasks AS child WHERE child.parent_task_id = t.id AND child.deleted_at IS NULL LIMIT 1) IS NOT NULL)
      = @has_subtasks
  AND tags @> @tags
  AND capabilities @> @capabilities
ORDER BY created_at DESC, id DESC;

-- name: StreamTasks :stream
-- Stream all tasks of a tenant, oldest first.
-- @optional status, priority, types, assigned_to, created_by, created_after, created_before, updated_after, parent_task_id, has_subtasks, tags, capabilities
SELECT * FROM tasks AS t
WHERE tenant_id = @tenant_id
  AND deleted_at IS NULL
  AND status = ANY(@status)
  AND priority = ANY(@priority)
  AND type = ANY(@types)
  AND assigned_to = @assigned_to
  AND created_by = @created_by
  AND created_at > @created_after
  AND created_at < @created_before
  AND updated_at > @updated_after
  AND parent_task_id = @parent_task_id
  AND ((SELECT 1 FROM tasks AS child WHERE child.parent_task_id = t.id AND child.deleted_at IS NULL LIMIT 1) IS NOT NULL)
      = @has_subtasks
  AND tags @> @tags
  AND capabilities @> @capabilities
ORDER BY created_at, id;

-- name: GetSubtasks :many
-- List the direct subtasks of a task, oldest first.
-- @cache ttl=5m
SELECT * FROM tasks
WHERE parent_task_id = @parent_task_id
  AND deleted_at IS NULL
ORDER BY created_at, id;

-- name: GetTaskTree :many
-- Return a task and its subtasks down to a depth, each task before its subtasks. The depth of the root is 0.
WITH RECURSIVE tree AS (
    SELECT id, created_at, 0 AS depth
    FROM tasks
    WHERE id = @root_task_id
      AND deleted_at IS NULL
    UNION ALL
    SELECT child.id, child.created_at, tree.depth + 1
    FROM tree
    JOIN tasks AS child ON child.parent_task_id = tree.id
    WHERE tree.depth < @max_depth
      AND child.deleted_at IS NULL
) SEARCH DEPTH FIRST BY created_at, id SET place
SELECT sqlc.embed(task), tree.depth
FROM tree
JOIN tasks AS task ON task.id = tree.id
ORDER BY tree.place;

-- name: AssignToAgent :one
-- Assign a task that has not been started to an agent.
WITH assigned AS (
    UPDATE tasks
    SET assigned_to = @agent_id,
        assigned_at = now(),
        status = 'assigned',
        version = version + 1,
        updated_at = now()
    WHERE id = @task_id
      AND status IN ('pending', 'assigned')
      AND deleted_at IS NULL
    RETURNING *
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'assigned', assigned_to, jsonb_build_object('assigned_by', @assigned_by::text)
    FROM assigned
)
SELECT * FROM assigned;

-- name: UnassignTask :one
-- Remove a task from its agent, so that another agent can get it.
WITH held AS (
    SELECT id, assigned_to
    FROM tasks
    WHERE id = @task_id
      AND status IN ('assigned', 'in_progress')
      AND deleted_at IS NULL
    FOR UPDATE
), unassigned AS (
    UPDATE tasks
    SET assigned_to = NULL,
        assigned_at = NULL,
        status = 'pending',
        version = version + 1,
        updated_at = now()
    FROM held
    WHERE tasks.id = held.id
    RETURNING tasks.*
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT unassigned.tenant_id, held.id, 'unassigned', held.assigned_to, jsonb_build_object('reason', @reason::text)
    FROM unassigned
    JOIN held ON held.id = unassigned.id
)
SELECT * FROM unassigned;

-- name: UpdateStatus :one
-- Set the status of a task, and merge an object into its metadata.
WITH held AS (
    SELECT id, status
    FROM tasks
    WHERE id = @task_id
      AND deleted_at IS NULL
    FOR UPDATE
), updated AS (
    UPDATE tasks
    SET status = @status,
        metadata = tasks.metadata || @metadata::jsonb,
        version = version + 1,
        updated_at = now()
    FROM held
    WHERE tasks.id = held.id
    RETURNING tasks.*
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT updated.tenant_id, updated.id, 'status_changed', updated.assigned_to,
           jsonb_build_object('from', held.status, 'to', updated.status, 'metadata', @metadata::jsonb)
    FROM updated
    JOIN held ON held.id = updated.id
)
SELECT * FROM updated;

-- name: BulkUpdateStatus :one
-- Set the status of many tasks, each to its own value, and merge objects into their metadata. Returns the number of
-- tasks changed.
WITH held AS (
    SELECT tasks.id, tasks.status AS before, wanted.status, coalesce(wanted.metadata, '{}') AS metadata
    FROM unnest(@updates::task_status_update[]) AS wanted
    JOIN tasks ON tasks.id = wanted.task_id
    WHERE tasks.deleted_at IS NULL
    ORDER BY tasks.id
    FOR UPDATE OF tasks
), updated AS (
    UPDATE tasks
    SET status = held.status,
        metadata = tasks.metadata || held.metadata,
        version = version + 1,
        updated_at = now()
    FROM held
    WHERE tasks.id = held.id
    RETURNING tasks.id, tasks.tenant_id, tasks.assigned_to, held.before, held.status, held.metadata
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'status_changed', assigned_to,
           jsonb_build_object('from', before, 'to', status, 'metadata', metadata)
    FROM updated
)
SELECT count(*) FROM updated;

-- name: BatchUpdateStatus :one
-- Set the status of many tasks to the same value. Returns the number of tasks changed.
WITH held AS (
    SELECT id, status
    FROM tasks
    WHERE id = ANY(@task_ids)
      AND deleted_at IS NULL
    ORDER BY id
    FOR UPDATE
), updated AS (
    UPDATE tasks
    SET status = @status,
        version = version + 1,
        updated_at = now()
    FROM held
    WHERE tasks.id = held.id
    RETURNING tasks.id, tasks.tenant_id, tasks.assigned_to, tasks.status, held.status AS before
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'status_changed', assigned_to, jsonb_build_object('from', before, 'to', status)
    FROM updated
)
SELECT count(*) FROM updated;

-- name: IncrementRetryCount :one
-- Count another attempt at a task. Returns the count.
WITH retried AS (
    UPDATE tasks
    SET retry_count = retry_count + 1,
        version = version + 1,
        updated_at = now()
    WHERE id = @task_id
      AND deleted_at IS NULL
    RETURNING *
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'retried', assigned_to,
           jsonb_build_object('retry_count', retry_count, 'max_retries', max_retries)
    FROM retried
)
SELECT retry_count FROM retried;

-- name: BulkUpdate :one
-- Update many tasks, each in the columns that are given for it. Returns the number of tasks changed.
WITH updated AS (
    UPDATE tasks AS t
    SET (
            type, priority, title, description, parameters, result, error,
            max_retries, timeout_seconds, deadline, schedule, tags, capabilities, version, updated_at
        ) = (
            SELECT n.type, n.priority, n.title, n.description, n.parameters, n.result, n.error,
                   n.max_retries, n.timeout_seconds, n.deadline, n.schedule, n.tags, n.capabilities, t.version + 1, now()
            FROM jsonb_populate_record(t, wanted.changes) AS n
        )
    FROM unnest(@updates::task_update[]) AS wanted
    WHERE t.id = wanted.task_id
      AND t.deleted_at IS NULL
    RETURNING t.id
)
SELECT count(*) FROM updated;

-- name: ArchiveTasks :one
-- Archive the tasks of a tenant that ended before a time. Returns their number.
WITH archived AS (
    UPDATE tasks
    SET deleted_at = now(),
        version = version + 1,
        updated_at = now()
    WHERE tenant_id = @tenant_id
      AND status IN ('completed', 'failed', 'cancelled', 'timed_out')
      AND completed_at < @before
      AND deleted_at IS NULL
    RETURNING id, tenant_id, assigned_to
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id)
    SELECT tenant_id, id, 'archived', assigned_to
    FROM archived
)
SELECT count(*) FROM archived;

-- name: CreateDelegation :one
-- Delegate a task from its agent to another one.
WITH held AS (
    UPDATE tasks
    SET assigned_to = @to_agent,
        assigned_at = now(),
        delegated_from = @from_agent,
        status = 'assigned',
        version = version + 1,
        updated_at = now()
    WHERE id = @task_id
      AND assigned_to = @from_agent
      AND status IN ('assigned', 'in_progress')
      AND deleted_at IS NULL
    RETURNING *
), delegation AS (
    INSERT INTO task_delegations (tenant_id, task_id, from_agent, to_agent, reason, metadata)
    SELECT tenant_id, id, @from_agent, @to_agent, sqlc.narg(reason), @metadata
    FROM held
    RETURNING *
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, task_id, 'delegated', to_agent, jsonb_build_object('from', from_agent, 'reason', reason)
    FROM delegation
)
SELECT * FROM delegation;

-- name: GetDelegationHistory :many
-- List the delegations of a task, in order.
SELECT * FROM task_delegations
WHERE task_id = @task_id
ORDER BY delegated_at, id;

-- name: GetDelegationsToAgent :many
-- List the delegations to an agent since a time, latest first.
SELECT * FROM task_delegations
WHERE tenant_id = @tenant_id
  AND to_agent = @agent_id
  AND delegated_at >= @since
ORDER BY delegated_at DESC, id DESC;

-- name: GetDelegationChain :many
-- Return a task's chain of delegations, from its first agent to the current one. Each link has its depth, from 1, and
-- the agents up to it.
WITH RECURSIVE chain AS (
    (
        SELECT id, task_id, from_agent, to_agent, reason, delegated_at,
               1 AS depth, ARRAY[from_agent, to_agent] AS agents
        FROM task_delegations
        WHERE task_id = @task_id
        ORDER BY delegated_at, id
        LIMIT 1
    )
    UNION ALL
    SELECT link.id, link.task_id, link.from_agent, link.to_agent, link.reason, link.delegated_at,
           chain.depth + 1, chain.agents || link.to_agent
    FROM chain
    CROSS JOIN LATERAL (
        SELECT *
        FROM task_delegations AS later
        WHERE later.task_id = chain.task_id
          AND later.from_agent = chain.to_agent
          AND (later.delegated_at, later.id) > (chain.delegated_at, chain.id)
        ORDER BY later.delegated_at, later.id
        LIMIT 1
    ) AS link
)
SELECT * FROM chain
ORDER BY depth;

-- name: GetTasksForExecution :many
-- List the tasks that an agent can run next, most urgent first, skipping those that others have locked. They stay
-- locked until the end of the transaction.
SELECT * FROM tasks
WHERE tenant_id = @tenant_id
  AND deleted_at IS NULL
  AND status IN ('pending', 'assigned')
  AND (assigned_to IS NULL OR assigned_to = @agent_id)
  AND EXISTS (
      SELECT 1 FROM agents
      WHERE agents.tenant_id = @tenant_id AND agents.id = @agent_id AND agents.status = 'active'
  )
  AND capabilities <@ (
      SELECT agents.capabilities FROM agents
      WHERE agents.tenant_id = @tenant_id AND agents.id = @agent_id
  )
ORDER BY priority DESC, created_at, id
LIMIT @limit
FOR UPDATE SKIP LOCKED;

-- name: ClaimTasks :many
-- Lease the next tasks to an agent, in one statement. Returns none if the agent is not registered as active.
WITH ready AS (
    SELECT id
    FROM tasks
    WHERE tenant_id = @tenant_id
      AND deleted_at IS NULL
      AND status IN ('pending', 'assigned')
      AND (assigned_to IS NULL OR assigned_to = @agent_id)
      AND EXISTS (
          SELECT 1 FROM agents
          WHERE agents.tenant_id = @tenant_id AND agents.id = @agent_id AND agents.status = 'active'
      )
      AND capabilities <@ (
          SELECT agents.capabilities FROM agents
          WHERE agents.tenant_id = @tenant_id AND agents.id = @agent_id
      )
    ORDER BY priority DESC, created_at, id
    LIMIT @limit
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE tasks
    SET assigned_to = @agent_id,
        assigned_at = coalesce(assigned_at, now()),
        status = 'in_progress',
        lease_owner = @agent_id,
        lease_expires_at = now() + @lease::interval,
        version = version + 1,
        updated_at = now()
    FROM ready
    WHERE tasks.id = ready.id
    RETURNING tasks.*
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'started', lease_owner, jsonb_build_object('lease_expires_at', lease_expires_at)
    FROM claimed
)
SELECT * FROM claimed
ORDER BY priority DESC, created_at, id;

-- name: LockTaskForExecution :opt
-- Lease a task to an agent, unless another agent holds it. Returns the task, or None.
WITH leased AS (
    UPDATE tasks
    SET assigned_to = @agent_id,
        assigned_at = coalesce(assigned_at, now()),
        status = 'in_progress',
        lease_owner = @agent_id,
        lease_expires_at = now() + @duration::interval,
        version = version + 1,
        updated_at = now()
    WHERE id = @task_id
      AND deleted_at IS NULL
      AND (assigned_to IS NULL OR assigned_to = @agent_id OR lease_expires_at < now())
      AND (
          status IN ('pending', 'assigned')
          OR status = 'in_progress' AND (lease_owner IS NULL OR lease_owner = @agent_id OR lease_expires_at < now())
      )
    RETURNING *
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'started', lease_owner, jsonb_build_object('lease_expires_at', lease_expires_at)
    FROM leased
)
SELECT * FROM leased;

-- name: RenewTaskLease :opt
-- Extend the lease of a task. Returns when it expires, or None if it was lost.
UPDATE tasks
SET lease_expires_at = now() + @duration::interval,
    version = version + 1,
    updated_at = now()
WHERE id = @task_id
  AND lease_owner = @agent_id
  AND lease_expires_at > now()
  AND deleted_at IS NULL
RETURNING lease_expires_at;

-- name: CompleteTask :opt
-- Complete a leased task with its result. Returns None if the lease was lost.
WITH completed AS (
    UPDATE tasks
    SET status = 'completed',
        result = @result,
        error = NULL,
        version = version + 1,
        updated_at = now()
    WHERE id = @task_id
      AND lease_owner = @agent_id
      AND lease_expires_at > now()
      AND deleted_at IS NULL
    RETURNING *
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'status_changed', assigned_to, jsonb_build_object('from', 'in_progress', 'to', status)
    FROM completed
)
SELECT * FROM completed;

-- name: FailTask :opt
-- Record a failed attempt at a leased task. It returns to the queue, or has finally failed if no retries are left.
-- Returns None if the lease was lost.
WITH failed AS (
    UPDATE tasks
    SET status = CASE WHEN retry_count < max_retries THEN 'pending'::task_status ELSE 'failed' END,
        assigned_to = CASE WHEN retry_count < max_retries THEN NULL ELSE assigned_to END,
        assigned_at = CASE WHEN retry_count < max_retries THEN NULL ELSE assigned_at END,
        retry_count = CASE WHEN retry_count < max_retries THEN retry_count + 1 ELSE retry_count END,
        error = @error,
        version = version + 1,
        updated_at = now()
    WHERE id = @task_id
      AND lease_owner = @agent_id
      AND lease_expires_at > now()
      AND deleted_at IS NULL
    RETURNING *
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT tenant_id, id, 'status_changed', @agent_id,
           jsonb_build_object('from', 'in_progress', 'to', status, 'error', error, 'retry_count', retry_count)
    FROM failed
)
SELECT * FROM failed;

-- name: ReclaimExpiredTasks :many
-- Take back the tasks of a tenant whose leases have expired. They return to the queue, or time out if no retries are
-- left.
WITH expired AS (
    SELECT id, lease_owner
    FROM tasks
    WHERE tenant_id = @tenant_id
      AND lease_expires_at < now()
      AND deleted_at IS NULL
    ORDER BY lease_expires_at
    LIMIT @limit
    FOR UPDATE SKIP LOCKED
), reclaimed AS (
    UPDATE tasks
    SET status = CASE WHEN retry_count < max_retries THEN 'pending'::task_status ELSE 'timed_out' END,
        assigned_to = CASE WHEN retry_count < max_retries THEN NULL ELSE assigned_to END,
        assigned_at = CASE WHEN retry_count < max_retries THEN NULL ELSE assigned_at END,
        retry_count = CASE WHEN retry_count < max_retries THEN retry_count + 1 ELSE retry_count END,
        version = version + 1,
        updated_at = now()
    FROM expired
    WHERE tasks.id = expired.id
    RETURNING tasks.*
), event AS (
    INSERT INTO task_events (tenant_id, task_id, event_type, agent_id, details)
    SELECT reclaimed.tenant_id, reclaimed.id, 'lease_expired', expired.lease_owner,
           jsonb_build_object('to', reclaimed.status, 'retry_count', reclaimed.retry_count)
    FROM reclaimed
    JOIN expired ON expired.id = reclaimed.id
)
SELECT * FROM reclaimed
ORDER BY created_at, id;

-- name: GetOverdueTasks :many
-- List the tasks of a tenant that have not ended and are overdue by more than a threshold, most overdue first.
SELECT * FROM tasks
WHERE tenant_id = @tenant_id
  AND deadline < now() - @threshold::interval
  AND status IN ('pending', 'assigned', 'in_progress')
  AND deleted_at IS NULL
ORDER BY deadline, id;

-- name: GetTasksBySchedule :many
-- List the scheduled tasks of a tenant, oldest first.
SELECT * FROM tasks
WHERE tenant_id = @tenant_id
  AND schedule = @schedule
  AND deleted_at IS NULL
ORDER BY created_at, id;

-- name: GetTaskStats :one
-- Summarize a tenant's tasks that were created in the given period up to now. Durations are from creation to
-- completion, and None if no task was completed.
WITH recent AS MATERIALIZED (
    SELECT status, priority, assigned_to,
           CASE WHEN status = 'completed' THEN completed_at - created_at END AS completion
    FROM tasks
    WHERE tenant_id = @tenant_id
      AND created_at >= now() - @period::interval
      AND deleted_at IS NULL
)
SELECT count(*) AS total_count,
       count(*) FILTER (WHERE status = 'completed') AS completed_count,
       count(*) FILTER (WHERE status = 'failed') AS failed_count,
       avg(completion) AS average_completion,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY completion) AS p95_completion,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY completion) AS p99_completion,
       ARRAY(
           SELECT (status, count(*))::task_status_count FROM recent GROUP BY status ORDER BY status
       ) AS by_status,
       ARRAY(
           SELECT (priority, count(*))::task_priority_count FROM recent GROUP BY priority ORDER BY priority
       ) AS by_priority,
       ARRAY(
           SELECT (assigned_to, count(*))::agent_task_count FROM recent
           WHERE assigned_to IS NOT NULL GROUP BY assigned_to ORDER BY assigned_to
       ) AS by_agent
FROM recent;

-- name: GetHourlyTaskStats :many
-- List the current tenant's task statistics by hour of creation, as of the last refresh. Durations are in seconds.
SELECT * FROM task_stats
WHERE hour >= @since
  AND hour < @until
ORDER BY hour, status, priority;

-- name: GetAgentWorkload :many
-- Return the workload of each agent. The free share of its capacity ranges from 1 down to 0.
SELECT agents.id AS agent_id,
       load.pending_count,
       load.active_count,
       load.completed_today,
       load.average_time,
       greatest(0, 1 - load.active_count::double precision / agents.max_tasks) AS current_capacity
FROM agents
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status IN ('pending', 'assigned')) AS pending_count,
           count(*) FILTER (WHERE status = 'in_progress') AS active_count,
           count(*) FILTER (
               WHERE status = 'completed' AND completed_at >= date_trunc('day', now())
           ) AS completed_today,
           avg(completed_at - started_at) FILTER (WHERE status = 'completed') AS average_time
    FROM tasks
    WHERE tasks.tenant_id = agents.tenant_id
      AND tasks.assigned_to = agents.id
      AND tasks.deleted_at IS NULL
) AS load
WHERE agents.tenant_id = @tenant_id
  AND agents.id = ANY(@agent_ids)
ORDER BY agents.id;

-- name: GetTaskTimeline :many
-- List the events of a task since its creation.
SELECT event_type, agent_id, details, timestamp
FROM (
    SELECT 0 AS id, 'created'::task_event_type AS event_type, created_by AS agent_id, '{}'::jsonb AS details,
           created_at AS timestamp
    FROM tasks
    WHERE tasks.id = @task_id
    UNION ALL
    SELECT id, event_type, agent_id, details, timestamp
    FROM task_events
    WHERE task_id = @task_id
) AS timeline
ORDER BY id;

-- name: GenerateTaskReport :copyto
-- Export a tenant's tasks as CSV, oldest first.
-- @optional status, priority, types, assigned_to, created_after, created_before
SELECT id, type, status, priority, title, created_by, assigned_to, retry_count, deadline,
       created_at, started_at, completed_at, completed_at - created_at AS duration
FROM tasks
WHERE tenant_id = @tenant_id
  AND deleted_at IS NULL
  AND status = ANY(@status)
  AND priority = ANY(@priority)
  AND type = ANY(@types)
  AND assigned_to = @assigned_to
  AND created_at > @created_after
  AND created_at < @created_before
ORDER BY created_at, id;

-- name: GenerateTaskReportJSON :copyto
-- Export a tenant's tasks as one JSON object per line.
-- @optional status, priority, types, assigned_to, created_after, created_before
SELECT jsonb_build_object(
    'id', id, 'type', type, 'status', status, 'priority', priority, 'title', title, 'created_by', created_by,
    'assigned_to', assigned_to, 'retry_count', retry_count, 'deadline', deadline, 'parameters', parameters,
    'result', result, 'tags', tags, 'created_at', created_at, 'started_at', started_at, 'completed_at', completed_at
) AS task
FROM tasks
WHERE tenant_id = @tenant_id
  AND deleted_at IS NULL
  AND status = ANY(@status)
  AND priority = ANY(@priority)
  AND type = ANY(@types)
  AND assigned_to = @assigned_to
  AND created_at > @created_after
  AND created_at < @created_before
ORDER BY created_at, id;

-- name: SearchTasks :one
-- Search the current tenant's tasks. Returns the best matches with the passages that matched, the number of all
-- matches, and their distribution over statuses, priorities and types.
-- @optional status, priority, types, assigned_to, created_after, created_before, tags, capabilities
WITH matches AS MATERIALIZED (
    SELECT t.id, t.status, t.priority, t.type,
           ts_rank(task_document(t.title, t.description), websearch_to_tsquery('english', @query)) AS rank
    FROM matching_tasks(websearch_to_tsquery('english', @query)) AS match (id)
    JOIN tasks AS t ON t.id = match.id
    WHERE t.tenant_id = @tenant_id
      AND t.deleted_at IS NULL
      AND t.status = ANY(@status)
      AND t.priority = ANY(@priority)
      AND t.type = ANY(@types)
      AND t.assigned_to = @assigned_to
      AND t.created_at > @created_after
      AND t.created_at < @created_before
      AND t.tags @> @tags
      AND t.capabilities @> @capabilities
)
SELECT (SELECT count(*) FROM matches) AS total_count,
       ARRAY(
           SELECT (
               task,
               best.rank,
               ARRAY[
                   ts_headline('english', task.title, websearch_to_tsquery('english', @query)),
                   ts_headline('english', coalesce(task.description, ''), websearch_to_tsquery('english', @query))
               ]
           )::task_hit
           FROM (SELECT id, rank FROM matches ORDER BY rank DESC, id LIMIT @limit OFFSET @offset) AS best
           JOIN tasks AS task ON task.id = best.id
           ORDER BY best.rank DESC, task.id
       ) AS hits,
       ARRAY(
           SELECT (status, count(*))::task_status_count FROM matches GROUP BY status ORDER BY status
       ) AS by_status,
       ARRAY(
           SELECT (priority, count(*))::task_priority_count FROM matches GROUP BY priority ORDER BY priority
       ) AS by_priority,
       ARRAY(
           SELECT (type, count(*))::task_type_count FROM matches GROUP BY type ORDER BY type
       ) AS by_type;

-- name: GetSimilarTasks :many
-- Find the tasks most similar to a task's title and description, among the latest two thousand of its tenant.
SELECT other.*
FROM tasks AS task
CROSS JOIN LATERAL (
    SELECT replace(
        plainto_tsquery('english', task.title || ' ' || coalesce(task.description, ''))::text, ' & ', ' | '
    )::tsquery AS query
) AS words
CROSS JOIN LATERAL (
    SELECT *
    FROM tasks
    WHERE tasks.tenant_id = task.tenant_id
      AND tasks.deleted_at IS NULL
    ORDER BY tasks.created_at DESC, tasks.id DESC
    LIMIT 2000
) AS other
CROSS JOIN LATERAL ts_rank(task_document(other.title, other.description), words.query, 1) AS rank
WHERE task.id = @task_id
  AND other.id <> task.id
  AND rank > 0
ORDER BY rank DESC, other.id
LIMIT @limit;

-- name: VacuumTasks :exec
-- Vacuum and analyze the table. Not allowed in a transaction.
VACUUM (ANALYZE) tasks;

-- name: RebuildTaskIndexes :exec
-- Rebuild the indexes of the table without blocking reads or writes. Not allowed in a transaction.
REINDEX TABLE CONCURRENTLY tasks;

-- name: RefreshTaskStats :exec
-- Refresh the hourly statistics without blocking reads.
SELECT refresh_task_stats();

-- name: ValidateTaskIntegrity :one
-- Find inconsistent tasks of a tenant: the parent is deleted, the status contradicts the times or the agent, or the
-- agent is not registered.
WITH checked AS MATERIALIZED (
    SELECT task.id,
           parent.deleted_at IS NOT NULL AS orphaned,
           (task.status IN ('completed', 'failed', 'cancelled', 'timed_out')) <> (task.completed_at IS NOT NULL)
               OR task.status IN ('assigned', 'in_progress') AND task.assigned_to IS NULL
               OR task.status = 'in_progress' AND task.started_at IS NULL
               AS invalid,
           task.assigned_to IS NOT NULL AND agent.id IS NULL AS unrelated
    FROM tasks AS task
    LEFT JOIN tasks AS parent ON parent.id = task.parent_task_id
    LEFT JOIN agents AS agent ON agent.tenant_id = task.tenant_id AND agent.id = task.assigned_to
    WHERE task.tenant_id = @tenant_id
      AND task.deleted_at IS NULL
)
SELECT count(*) AS checked_count,
       ARRAY(SELECT id FROM checked WHERE orphaned ORDER BY id) AS orphaned_tasks,
       ARRAY(SELECT id FROM checked WHERE invalid ORDER BY id) AS invalid_statuses,
       ARRAY(SELECT id FROM checked WHERE unrelated ORDER BY id) AS missing_relations
FROM checked;
