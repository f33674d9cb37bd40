-- name: ImportTasks :copyfrom
-- Import tasks of owners known by their addresses.
INSERT INTO tasks (owner_id, slug, status, priority, note)
VALUES ((SELECT id FROM owners WHERE email = @email), lower(@slug), 'done', DEFAULT, @note)
RETURNING *;

-- name: UpsertTasks :copyfrom
INSERT INTO tasks AS t (slug, note) VALUES (@slug, @note::text || '!') -- told apart
ON CONFLICT (slug) DO UPDATE SET note = excluded.note
WHERE t.note IS DISTINCT FROM excluded.note;

-- name: InsertMissing :copyfrom
INSERT INTO tasks (slug, priority) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id;

-- name: CastPriorities :copyfrom
INSERT INTO tasks (slug, priority) VALUES (@slug, @priority::text::integer);

-- name: CopyOwners :copyfrom
INSERT INTO owners VALUES ($1, $2);

-- name: CopySlugs :copyfrom
INSERT INTO tasks (slug) VALUES (upper($1));

-- name: CopyThroughView :copyfrom
INSERT INTO open_tasks (slug, note) VALUES ($1, $2);

-- name: CopySecrets :copyfrom
INSERT INTO secrets VALUES ($1, DEFAULT, $2);

-- name: CopyOrders :copyfrom
WITH first AS (SELECT 1)
INSERT INTO "order" VALUES (@"select" + 1, @staged) RETURNING "a ""b""";

-- name: ExportTasks :copyto
SELECT slug, note FROM tasks WHERE note = @note OR slug = ANY (@slugs::text[]) ORDER BY id;

-- name: ExportLines :copyto
SELECT jsonb_build_object('slug', slug, 'note', note) FROM tasks ORDER BY id;

-- name: TakeTask :opt
-- Take a task that no other worker is about to take.
UPDATE tasks SET status = 'done'
WHERE id = (
    SELECT id FROM tasks WHERE status = 'todo' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING slug;

-- name: LockTask :opt
SELECT slug FROM tasks WHERE id = @id FOR UPDATE NOWAIT;

-- name: LockEach :batchone
SELECT slug FROM tasks WHERE id = @id FOR SHARE;

-- name: CloseEach :batchone
UPDATE tasks SET status = 'done' WHERE slug = @slug RETURNING id;

-- name: RenameEach :batchexec
UPDATE tasks SET slug = @new WHERE slug = @old;
