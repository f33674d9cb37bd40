-- name: Plain :exec
SELECT * FROM tasks WHERE tenant_id = @tenant_id ORDER BY id;

-- name: Reversed :exec
SELECT * FROM tasks WHERE @tenant_id = tenant_id AND NOT done;

-- name: Setting :exec
SELECT * FROM tasks WHERE tenant_id = current_setting('app.tenant_id')::int;

-- name: Accessor :exec
SELECT * FROM tasks WHERE tenant_id = current_tenant();

-- name: OtherName :exec
SELECT id FROM tasks WHERE tenant_id = @customer;

-- name: Joined :exec
SELECT t.id, p.name FROM tasks t JOIN projects p ON p.tenant_id = t.tenant_id AND p.id =
    t.project_id WHERE t.tenant_id = @tenant_id;

-- name: JoinedUsing :exec
SELECT t.id, p.name FROM tasks t JOIN projects p USING (tenant_id) WHERE tenant_id = @tenant_id;

-- name: ByForeignKey :exec
SELECT t.id, p.name FROM tasks t JOIN projects p ON p.id = t.project_id WHERE t.tenant_id =
    @tenant_id;

-- name: ByForeignKeyBack :exec
SELECT p.name, (SELECT count(*) FROM tasks t WHERE t.project_id = p.id) FROM projects p WHERE
    p.tenant_id = @tenant_id;

-- name: LeftJoined :exec
SELECT t.id, n.body FROM tasks t LEFT JOIN notes n ON n.task_id = t.id AND n.tenant_id = t.tenant_id
    WHERE t.tenant_id = @tenant_id;

-- name: LeftToInner :exec
SELECT t.id, n.body, p.name FROM tasks t LEFT JOIN (notes n JOIN projects p ON p.tenant_id =
    n.tenant_id) ON n.task_id = t.id AND n.tenant_id = t.tenant_id WHERE t.tenant_id = @tenant_id;

-- name: RightJoined :exec
SELECT t.id, n.body FROM notes n RIGHT JOIN tasks t ON n.task_id = t.id AND n.tenant_id = @tenant_id
    WHERE t.tenant_id = @tenant_id;

-- name: FullJoined :exec
SELECT t.id, n.body FROM (SELECT * FROM tasks WHERE tenant_id = @tenant_id) t FULL JOIN (SELECT *
    FROM notes WHERE tenant_id = @tenant_id) n ON n.task_id = t.id;

-- name: Exists :exec
SELECT id FROM tasks t WHERE tenant_id = @tenant_id AND EXISTS (SELECT 1 FROM notes n WHERE
    n.task_id = t.id AND n.tenant_id = t.tenant_id);

-- name: NotExists :exec
SELECT id FROM tasks t WHERE tenant_id = @tenant_id AND NOT EXISTS (SELECT 1 FROM notes n WHERE
    n.task_id = t.id AND n.tenant_id = @tenant_id);

-- name: RowIn :exec
SELECT id FROM tasks WHERE tenant_id = @tenant_id AND (tenant_id, id) IN (SELECT tenant_id, task_id
    FROM notes);

-- name: InOwn :exec
SELECT id FROM tasks WHERE (tenant_id, id) IN (SELECT tenant_id, task_id FROM notes WHERE tenant_id
    = @tenant_id);

-- name: EachArm :exec
SELECT id FROM tasks WHERE (tenant_id = @tenant_id AND done) OR (tenant_id = @tenant_id AND title >
    'm');

-- name: Union :exec
SELECT id FROM tasks WHERE tenant_id = @tenant_id UNION SELECT id FROM notes WHERE tenant_id =
    @tenant_id;

-- name: Except :exec
SELECT id FROM tasks WHERE tenant_id = @tenant_id EXCEPT SELECT task_id FROM notes WHERE tenant_id =
    @tenant_id;

-- name: Outside :exec
SELECT * FROM (SELECT tenant_id, id FROM tasks UNION ALL SELECT tenant_id, id FROM notes) a WHERE
    a.tenant_id = @tenant_id;

-- name: View :exec
SELECT id FROM open_tasks WHERE tenant_id = @tenant_id;

-- name: CountingView :exec
SELECT project_id, n FROM task_counts WHERE tenant_id = @tenant_id;

-- name: UnionView :exec
SELECT id FROM everything WHERE tenant_id = @tenant_id;

-- name: RankedView :exec
SELECT id, place FROM ranked WHERE tenant_id = @tenant_id;

-- name: DistinctOn :exec
SELECT * FROM (SELECT DISTINCT ON (tenant_id) tenant_id, id FROM tasks ORDER BY tenant_id, id) f
    WHERE tenant_id = @tenant_id;

-- name: MaterializedView :exec
SELECT n FROM totals WHERE tenant_id = @tenant_id;

-- name: Cte :exec
WITH mine AS (SELECT * FROM tasks WHERE tenant_id = @tenant_id) SELECT m.id, n.body FROM mine m JOIN
    notes n ON n.tenant_id = m.tenant_id AND n.task_id = m.id;

-- name: Recursive :exec
WITH RECURSIVE tree AS (SELECT tenant_id, id FROM tasks WHERE tenant_id = @tenant_id AND parent_id
    IS NULL UNION SELECT c.tenant_id, c.id FROM tasks c JOIN tree ON tree.id = c.parent_id AND
    tree.tenant_id = c.tenant_id) SELECT id FROM tree;

-- name: Lateral :exec
SELECT t.id, l.body FROM tasks t CROSS JOIN LATERAL (SELECT n.body FROM notes n WHERE n.tenant_id =
    t.tenant_id ORDER BY n.id LIMIT 1) l WHERE t.tenant_id = @tenant_id;

-- name: Scalar :exec
SELECT id, (SELECT count(*) FROM notes n WHERE n.tenant_id = t.tenant_id) FROM tasks t WHERE
    tenant_id = @tenant_id;

-- name: Grouped :exec
SELECT project_id, count(*) FROM tasks WHERE tenant_id = @tenant_id GROUP BY ROLLUP (project_id);

-- name: Limited :exec
SELECT id FROM tasks WHERE tenant_id = @tenant_id ORDER BY id LIMIT 2;

-- name: Windowed :exec
SELECT id, count(*) OVER () FROM tasks WHERE tenant_id = @tenant_id;

-- name: ForUpdate :exec
SELECT id FROM tasks WHERE tenant_id = @tenant_id FOR UPDATE;

-- name: WithPlan :exec
SELECT p.id, l.price FROM projects p JOIN plans l ON l.code = p.plan WHERE p.tenant_id = @tenant_id;

-- name: Plans :exec
SELECT code FROM plans;

-- name: Partitioned :exec
SELECT at FROM events WHERE tenant_id = @tenant_id;

-- name: Partition :exec
SELECT at FROM events_low WHERE tenant_id = @tenant_id;

-- name: OwnFunction :exec
SELECT t FROM own_titles() t;

-- name: Immutable :exec
SELECT shout(title) FROM tasks WHERE tenant_id = @tenant_id;

-- name: Insert :exec
INSERT INTO notes (tenant_id, id, task_id, body) VALUES (@tenant_id, 900, 1, 'new') RETURNING *;

-- name: InsertRows :exec
INSERT INTO notes (tenant_id, id, task_id, body) VALUES (@tenant_id, 900, 1, 'a'), (@tenant_id, 901,
    2, 'b');

-- name: InsertDefault :exec
INSERT INTO tasks (id, project_id, title, done) SELECT 900, p.id, 'new', false FROM projects p WHERE
    p.tenant_id = current_tenant() ORDER BY p.id LIMIT 1;

-- name: InsertSelect :exec
INSERT INTO notes SELECT tenant_id, id + 900, id, title FROM tasks WHERE tenant_id = @tenant_id
    RETURNING id;

-- name: Upsert :exec
INSERT INTO labels VALUES (@tenant_id, 'red', 1) ON CONFLICT (tenant_id, name) DO UPDATE SET uses =
    labels.uses + 1 RETURNING *;

-- name: UpsertNamed :exec
INSERT INTO labels VALUES (@tenant_id, 'red', 1) ON CONFLICT ON CONSTRAINT labels_pkey DO UPDATE SET
    uses = excluded.uses;

-- name: UpsertWhere :exec
INSERT INTO slugs VALUES (@tenant_id, 's1', 1) ON CONFLICT (slug) DO UPDATE SET hits = 5 WHERE
    slugs.tenant_id = excluded.tenant_id RETURNING *;

-- name: Update :exec
UPDATE tasks SET done = true WHERE tenant_id = @tenant_id RETURNING id;

-- name: UpdateFrom :exec
UPDATE tasks t SET title = n.body FROM notes n WHERE n.task_id = t.id AND n.tenant_id = t.tenant_id
    AND t.tenant_id = @tenant_id;

-- name: UpdateSame :exec
UPDATE tasks SET tenant_id = @tenant_id WHERE tenant_id = @tenant_id;

-- name: UpdateView :exec
UPDATE open_tasks SET title = 'x' WHERE tenant_id = @tenant_id;

-- name: Delete :exec
DELETE FROM notes WHERE tenant_id = @tenant_id RETURNING id;

-- name: DeleteUsing :exec
DELETE FROM notes n USING tasks t WHERE n.task_id = t.id AND n.tenant_id = t.tenant_id AND
    t.tenant_id = @tenant_id AND t.done;

-- name: DeleteCascade :exec
DELETE FROM projects WHERE tenant_id = @tenant_id;

-- name: Changed :exec
WITH gone AS (DELETE FROM notes WHERE tenant_id = @tenant_id RETURNING tenant_id, id, body), kept AS
    (INSERT INTO labels SELECT tenant_id, body || id, 1 FROM gone RETURNING name) SELECT name FROM
    kept;

-- name: Merge :exec
MERGE INTO labels l USING (SELECT tenant_id, title FROM tasks WHERE tenant_id = @tenant_id GROUP BY
    1, 2) t ON l.tenant_id = t.tenant_id AND l.name = t.title WHEN MATCHED THEN UPDATE SET uses =
    uses + 1 WHEN NOT MATCHED THEN INSERT VALUES (t.tenant_id, t.title, 1);

-- name: MergeMatched :exec
MERGE INTO notes n USING tasks t ON n.tenant_id = t.tenant_id AND n.task_id = t.id AND t.tenant_id =
    @tenant_id WHEN MATCHED THEN DELETE;
