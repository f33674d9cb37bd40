-- name: NoWhere :exec
-- tasks
SELECT * FROM tasks;

-- name: ById :exec
-- tasks
SELECT * FROM tasks WHERE id = @id;

-- name: Constant :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id = 1;

-- name: Several :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id = ANY(@tenant_ids::int[]);

-- name: Range :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id >= @tenant_id;

-- name: Other :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id <> @tenant_id;

-- name: Negated :exec
-- tasks
SELECT * FROM tasks WHERE NOT tenant_id = @tenant_id;

-- name: Either :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id = @tenant_id OR done;

-- name: Perhaps :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id = coalesce(@tenant_id, tenant_id);

-- name: Distinct :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id IS NOT DISTINCT FROM @tenant_id;

-- name: Computed :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id = @tenant_id + 1;

-- name: OtherSetting :exec
-- tasks
SELECT * FROM tasks WHERE tenant_id = current_setting('app.user_id')::int;

-- name: JoinWithout :exec
-- notes
SELECT t.id, n.body FROM tasks t JOIN notes n ON n.task_id = t.id WHERE t.tenant_id = @tenant_id;

-- name: JoinOther :exec
-- notes
SELECT t.id, n.body FROM tasks t JOIN notes n ON n.task_id = t.id AND n.tenant_id = @other WHERE
    t.tenant_id = @tenant_id;

-- name: LeftWithout :exec
-- notes
SELECT t.id, n.body FROM tasks t LEFT JOIN notes n ON n.task_id = t.id WHERE t.tenant_id =
    @tenant_id;

-- name: LeftOnPreserved :exec
-- notes, tasks
SELECT t.id, n.body FROM tasks t LEFT JOIN notes n ON n.tenant_id = t.tenant_id AND t.tenant_id =
    @tenant_id;

-- name: AntiJoin :exec
-- notes
SELECT t.id FROM tasks t LEFT JOIN notes n ON n.task_id = t.id WHERE t.tenant_id = @tenant_id AND
    n.id IS NULL;

-- name: Full :exec
-- notes, tasks
SELECT t.id, n.body FROM tasks t FULL JOIN notes n ON n.tenant_id = t.tenant_id AND t.tenant_id =
    @tenant_id;

-- name: RightOnPreserved :exec
-- tasks
SELECT t.id FROM notes n RIGHT JOIN tasks t ON t.tenant_id = @tenant_id AND n.tenant_id = @tenant_id;

-- name: ExistsWithout :exec
-- notes
SELECT id FROM tasks t WHERE tenant_id = @tenant_id AND EXISTS (SELECT 1 FROM notes n WHERE
    n.task_id = t.id);

-- name: NotInWithout :exec
-- notes
SELECT id FROM tasks t WHERE tenant_id = @tenant_id AND id NOT IN (SELECT task_id FROM notes);

-- name: InWithout :exec
-- notes
SELECT id FROM tasks t WHERE tenant_id = @tenant_id AND id IN (SELECT task_id FROM notes);

-- name: ScalarWithout :exec
-- notes
SELECT id, (SELECT max(body) FROM notes n WHERE n.task_id = t.id) FROM tasks t WHERE tenant_id =
    @tenant_id;

-- name: CaseWithout :exec
-- notes
SELECT CASE WHEN done THEN (SELECT count(*) FROM notes) END FROM tasks WHERE tenant_id = @tenant_id;

-- name: OrderByWithout :exec
-- notes
SELECT id FROM tasks WHERE tenant_id = @tenant_id ORDER BY (SELECT count(*) FROM notes n WHERE
    n.task_id = tasks.id);

-- name: LimitWithout :exec
-- notes
SELECT id FROM tasks WHERE tenant_id = @tenant_id LIMIT (SELECT count(*) FROM notes);

-- name: HavingOnly :exec
-- tasks
SELECT project_id, count(*) FROM tasks GROUP BY project_id HAVING min(tenant_id) = @tenant_id;

-- name: FilterOnly :exec
-- tasks
SELECT count(*) FILTER (WHERE tenant_id = @tenant_id) FROM tasks;

-- name: UnionArm :exec
-- notes
SELECT id FROM tasks WHERE tenant_id = @tenant_id UNION SELECT id FROM notes;

-- name: ExceptArm :exec
-- notes
SELECT id FROM tasks WHERE tenant_id = @tenant_id EXCEPT SELECT task_id FROM notes;

-- name: OutsideLimit :exec
-- tasks
SELECT * FROM (SELECT tenant_id, id FROM tasks ORDER BY id LIMIT 3) a WHERE a.tenant_id = @tenant_id;

-- name: OutsideWindow :exec
-- ranked_together
SELECT * FROM ranked_together WHERE tenant_id = @tenant_id;

-- name: LimitedView :exec
-- newest
SELECT id FROM newest WHERE tenant_id = @tenant_id;

-- name: ViewWithout :exec
-- open_tasks
SELECT id FROM open_tasks;

-- name: ViewWithoutColumn :exec
-- project_counts
SELECT n FROM project_counts WHERE project_id = @project_id;

-- name: UnionViewWithout :exec
-- everything
SELECT id FROM everything WHERE id = @id;

-- name: MaterializedWithout :exec
-- totals
SELECT n FROM totals;

-- name: MaterializedColumn :exec
-- grand_total
SELECT n FROM grand_total;

-- name: Inherited :exec
-- base
SELECT id FROM base;

-- name: PartitionWithout :exec
-- events_high
SELECT at FROM events_high WHERE at > 60;

-- name: CteWithout :exec
-- tasks
WITH every AS (SELECT * FROM tasks) SELECT id FROM every WHERE tenant_id = @tenant_id;

-- name: RecursiveStep :exec
-- tasks
WITH RECURSIVE tree AS (SELECT tenant_id, id FROM tasks WHERE tenant_id = @tenant_id UNION SELECT
    c.tenant_id, c.id FROM tasks c JOIN tree ON tree.id = c.parent_id) SELECT id FROM tree;

-- name: LateralWithout :exec
-- notes
SELECT t.id, l.body FROM tasks t CROSS JOIN LATERAL (SELECT n.body FROM notes n WHERE n.task_id =
    t.id LIMIT 1) l WHERE t.tenant_id = @tenant_id;

-- name: FunctionWithout :exec
-- all_titles
SELECT t FROM all_titles() t;

-- name: FunctionOther :exec
-- own_titles
SELECT t.id, o FROM tasks t, own_titles() o WHERE t.tenant_id = @tenant_id;

-- name: FunctionUnknown :exec
-- opaque
SELECT opaque(title) FROM tasks WHERE tenant_id = @tenant_id;

-- name: InsertOther :exec
-- tasks
INSERT INTO notes (tenant_id, id, task_id, body) SELECT @tenant_id, t.id, t.id, t.title FROM tasks t;

-- name: InsertConstant :exec
-- labels
INSERT INTO labels VALUES (1, @name, 0);

-- name: InsertOneOfRows :exec
-- labels
INSERT INTO labels VALUES (@tenant_id, 'a', 0), (2, 'b', 0);

-- name: InsertCopies :exec
-- labels, tasks
INSERT INTO labels SELECT tenant_id, title, 1 FROM tasks WHERE id = @id;

-- name: UpsertKey :exec
-- slugs
INSERT INTO slugs VALUES (@tenant_id, @slug, 1) ON CONFLICT (slug) DO UPDATE SET hits = slugs.hits +
    1;

-- name: UpsertMoves :exec
-- slugs
INSERT INTO slugs VALUES (@tenant_id, @slug, 1) ON CONFLICT (slug) DO UPDATE SET tenant_id =
    excluded.tenant_id;

-- name: UpdateWithout :exec
-- tasks
UPDATE tasks SET done = true WHERE id = @id;

-- name: UpdateMoves :exec
-- tasks
UPDATE tasks SET tenant_id = @new WHERE tenant_id = @tenant_id;

-- name: UpdateFromOther :exec
-- notes
UPDATE tasks t SET title = n.body FROM notes n WHERE n.task_id = t.id AND t.tenant_id = @tenant_id;

-- name: UpdateSetQuery :exec
-- notes
UPDATE tasks t SET title = (SELECT min(body) FROM notes) WHERE t.tenant_id = @tenant_id;

-- name: UpdateKey :exec
-- slugs
UPDATE slugs SET slug = 'z' WHERE tenant_id = @tenant_id;

-- name: DeleteWithout :exec
-- notes
DELETE FROM notes WHERE id = @id;

-- name: DeleteUsingOther :exec
-- tasks
DELETE FROM notes n USING tasks t WHERE n.task_id = t.id AND n.tenant_id = @tenant_id;

-- name: DeleteReaches :exec
-- slugs
DELETE FROM slugs WHERE tenant_id = @tenant_id;

-- name: ReturningQuery :exec
-- tasks
DELETE FROM notes WHERE tenant_id = @tenant_id RETURNING (SELECT count(*) FROM tasks);

-- name: ChangedWithout :exec
-- notes
WITH gone AS (DELETE FROM notes WHERE id = @id RETURNING tenant_id) SELECT id FROM tasks WHERE
    tenant_id = @tenant_id;

-- name: MergeSource :exec
-- labels, tasks
MERGE INTO labels l USING tasks t ON l.tenant_id = t.tenant_id AND l.name = t.title AND t.tenant_id
    = @tenant_id WHEN NOT MATCHED THEN INSERT VALUES (t.tenant_id, t.title, 1);

-- name: MergeTarget :exec
-- labels
MERGE INTO labels l USING (SELECT * FROM tasks WHERE tenant_id = @tenant_id) t ON l.name = t.title
    WHEN MATCHED THEN UPDATE SET uses = 0;

-- name: MergeInserts :exec
-- labels
MERGE INTO labels l USING (SELECT * FROM tasks WHERE tenant_id = @tenant_id) t ON l.tenant_id =
    t.tenant_id AND l.name = t.title WHEN NOT MATCHED THEN INSERT VALUES (3, t.title, 1);

-- name: Truncated :exec
-- Truncated
TRUNCATE notes;

-- name: Reset :exec
-- Reset
SELECT set_config('app.tenant_id', '2', true), id FROM tasks WHERE tenant_id = current_tenant();

-- name: ChainedUpdate :exec
-- chains
UPDATE chains SET slug = 'x' WHERE tenant_id = @tenant_id;

-- name: ChainedDelete :exec
-- chains
DELETE FROM chains WHERE tenant_id = @tenant_id;

-- name: WindowOfOther :many
-- shares
SELECT n FROM (SELECT tenant_id, owner, count(*) OVER (PARTITION BY owner) AS n FROM shares) s
WHERE tenant_id = @tenant_id AND owner = @tenant_id;

-- name: FirstOfOther :many
-- shares
SELECT n FROM (SELECT DISTINCT ON (owner) tenant_id, owner, n FROM shares ORDER BY owner, n) s
WHERE tenant_id = @tenant_id AND owner = @tenant_id;

-- name: Padded :many
-- regions
SELECT n FROM regions WHERE tenant_id::bpchar = @tenant_id::varchar::bpchar;

-- name: TableAsXml :one
-- table_to_xml
SELECT table_to_xml('tasks', true, true, '')::text AS x;

-- name: OwnSetting :many
-- second_titles
SELECT second_titles() AS title;

-- name: OwnSettingCompared :many
-- tasks, second_tenant
SELECT id FROM tasks WHERE tenant_id = second_tenant();
