-- name: InExists :many
-- @optional tag
SELECT id FROM tasks t
WHERE EXISTS (SELECT FROM tags WHERE tags.task_id = t.id AND tag = @tag);

-- name: InNotExists :many
-- @optional tag
SELECT id FROM tasks t
WHERE NOT EXISTS (SELECT FROM tags WHERE tags.task_id = t.id AND tag = @tag);

-- name: InIn :many
-- @optional tag
SELECT id FROM tasks WHERE id IN (SELECT task_id FROM tags WHERE tag = @tag);

-- name: InAny :many
-- @optional tag
SELECT id FROM tasks WHERE id = ANY (SELECT task_id FROM tags WHERE tag = @tag);

-- name: InAll :many
-- @optional tag
SELECT id FROM tasks
WHERE grp > ALL (SELECT weight FROM tags WHERE task_id = id AND tag = @tag);

-- name: InArray :many
-- @optional tag
SELECT id FROM tasks
WHERE id = ANY (ARRAY(SELECT task_id FROM tags WHERE tag = @tag));

-- name: InScalar :many
-- @optional tag
SELECT id FROM tasks t
WHERE (SELECT count(*) FROM tags WHERE tags.task_id = t.id AND tag = @tag) > 0;

-- name: InScalarBelowACall :many
-- @optional tag
SELECT id FROM tasks t
WHERE coalesce((SELECT sum(weight) FROM tags WHERE task_id = t.id AND tag = @tag), 0) > 1;

-- name: InUnionBelowIn :many
-- @optional tag
SELECT id FROM tasks
WHERE id IN (SELECT 1 UNION ALL SELECT task_id FROM tags WHERE tag = @tag);

-- name: InWith :many
-- @optional tag
WITH tagged (number) AS MATERIALIZED (SELECT task_id FROM tags WHERE tag = @tag)
SELECT id FROM tasks WHERE id IN (SELECT number FROM tagged);

-- name: InFromBelowExists :many
-- @optional tag
SELECT id FROM tasks t
WHERE EXISTS (SELECT FROM (SELECT task_id FROM tags WHERE tag = @tag) x
    WHERE x.task_id = t.id);

-- name: InHaving :many
-- @optional least
SELECT grp FROM tasks t GROUP BY grp
HAVING count(*) > (SELECT count(*) FROM tags WHERE weight > @least);

-- name: InUpdate :exec
-- @optional tag
UPDATE tasks SET a = 1
WHERE b = 2 AND id IN (SELECT task_id FROM tags WHERE tag = @tag);

-- name: InOr :many
-- @optional a, b, c
SELECT id FROM tasks WHERE a = @a AND b = @b OR grp = 1 AND c = @c;

-- name: TwoInOr :many
-- @optional a, b
SELECT id FROM tasks WHERE (a = @a OR b = @b) AND grp > 0;

-- name: WithAConstantInOr :many
-- @optional c
SELECT id FROM tasks WHERE a IS NULL OR (grp = 1 AND c = @c);

-- name: InNot :many
-- @optional a, b
SELECT id FROM tasks WHERE NOT (a = @a AND b = @b);

-- name: InCase :many
-- @optional a
SELECT id FROM tasks WHERE CASE WHEN a = @a AND b = 1 THEN true ELSE c = 1 END;

-- name: InOuterJoin :many
-- @optional tag
SELECT t.id, tags.weight FROM tasks t
LEFT JOIN tags ON tags.task_id = t.id AND tags.tag = @tag;

-- name: InInnerOfOuterJoins :many
-- @optional tag, grp
SELECT t.id, tags.weight FROM tasks t
LEFT JOIN (tags JOIN tasks p ON p.id = tags.task_id AND p.grp = @grp)
    ON tags.task_id = t.id AND (tags.tag = @tag AND tags.weight > 0);

-- name: BehindExcept :many
-- @optional grp, tag
SELECT id FROM tasks WHERE grp = @grp EXCEPT SELECT task_id FROM tags WHERE tag = @tag;

-- name: NoSuchExtent :many
-- @optional a with EXISTS
SELECT id FROM tasks WHERE a = @a;

-- name: NoOuterJoin :many
-- @optional a inside JOIN
SELECT t.id FROM tasks t JOIN tags ON tags.task_id = t.id AND t.a = @a;

-- name: WholeJoin :many
-- @optional a with JOIN
SELECT t.id FROM tasks t JOIN tags ON tags.task_id = t.id AND t.a = @a;

-- name: Meant :many
-- @optional tag inside EXISTS, other with EXISTS, a with OR, b with OR
-- @optional third inside JOIN, fourth with IN
SELECT t.id FROM tasks t LEFT JOIN tags x ON x.task_id = t.id AND x.tag = @third
WHERE EXISTS (SELECT FROM tags WHERE tags.task_id = t.id AND tag = @tag)
  AND EXISTS (SELECT FROM tags WHERE tags.task_id = t.id AND tag = @other)
  AND (a = @a OR b = @b)
  AND id IN (SELECT task_id FROM tags WHERE tag = @fourth);

-- name: Shown :many
-- What is shown of a row decides about no other.
-- @optional tag
WITH tagged AS (SELECT task_id FROM tags WHERE tag = @tag)
SELECT id, EXISTS (SELECT FROM tagged WHERE task_id = id) AS tagged,
    ARRAY(SELECT tag FROM tags WHERE task_id = id AND tag = @tag) AS tags
FROM tasks;

-- name: Plain :many
-- @optional a, low, high, x, title, tag, least
SELECT t.id, (SELECT count(*) FROM tags WHERE task_id = t.id AND weight > @least) AS n
FROM tasks t
JOIN tags ON tags.task_id = t.id AND tags.tag = @tag
JOIN (SELECT task_id FROM tags WHERE tag <> @title) y ON y.task_id = t.id
WHERE (a = @a OR a IS NULL) AND b BETWEEN @low AND @high AND NOT c = @x AND (grp = 1 OR b = 2);
