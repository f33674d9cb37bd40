-- name: Variants1 :many
SELECT a, b FROM t WHERE a = @x AND b > 0;

-- name: Variants2 :many
-- @optional x
SELECT a, b FROM t WHERE a = @x AND b > 0;

-- name: Variants3 :many
-- @optional x, y
SELECT a, b FROM t WHERE a = @x AND b > @y;

-- name: Variants4 :many
-- @optional x
SELECT u.t_id FROM t LEFT JOIN u ON u.t_id = t.id WHERE u.tag = @x;

-- name: Variants5 :many
-- @optional x
SELECT n FROM t LEFT JOIN (SELECT count(*) AS n FROM u) s ON s.n > @x;

-- name: Variants6 :many
-- @optional x, y
SELECT coalesce(p.n, q.n) AS n FROM t LEFT JOIN (SELECT count(*) AS n FROM u) p ON p.n > @x LEFT JOIN (SELECT count(*) AS n FROM u) q ON q.n > @y;

-- name: Variants7 :many
-- @optional x
SELECT max(id) AS n FROM t GROUP BY a HAVING a > @x;

-- name: Variants8 :many
-- @optional x
UPDATE t SET name = 'n', a = @x WHERE a > 0 AND b > 0 RETURNING a, b;

-- name: Variants9 :many
-- @optional x
UPDATE t SET name = @x, b = 1 RETURNING name, a, b;

-- name: Variants10 :many
-- @optional x
WITH w AS (UPDATE t SET name = 'n', a = coalesce(@x, 1) RETURNING a) SELECT a FROM w;

-- name: Variants11 :one
SELECT * FROM t WHERE id = @id;

-- name: Variants12 :one
-- @optional id
SELECT * FROM t WHERE id = @id;

-- name: Variants13 :exec
-- @optional a, b
-- @optional x
UPDATE t SET a = @a, b = $2 WHERE name = @x AND id = @id;

-- name: Variants14 :page
SELECT * FROM t ORDER BY id;

-- name: Variants15 :page
SELECT * FROM t ORDER BY name DESC, id;

-- name: Variants16 :page
SELECT * FROM t WHERE tenant = @tenant ORDER BY a, name;

-- name: Variants17 :page
SELECT * FROM t ORDER BY a, tenant, name;

-- name: Variants18 :page
SELECT u.*, t.name FROM u JOIN t ON t.id = u.t_id ORDER BY t.name, u.id;

-- name: Variants19 :page
SELECT number, name FROM named ORDER BY name, number;

-- name: Variants20 :page
SELECT a, count(*) FROM t WHERE a > 0 GROUP BY a ORDER BY count(*), a;

-- name: Variants21 :page
SELECT DISTINCT name, tenant FROM t ORDER BY tenant, name;

-- name: Variants22 :page
SELECT id FROM t UNION SELECT id FROM u ORDER BY id;

-- name: Variants23 :page
SELECT id, row_number() OVER (ORDER BY a, id) FROM t ORDER BY 2, 1;

-- name: Variants24 :page
WITH q AS (SELECT id AS n FROM t) SELECT n FROM q ORDER BY n;

-- name: Variants25 :page
SELECT id AS "id!" FROM t ORDER BY id;

-- name: Variants26 :page
SELECT a, id FROM t WHERE a = @a ORDER BY a;

-- name: Variants27 :page
SELECT u.id, t.id AS t_id FROM u CROSS JOIN t ORDER BY t.id;

-- name: Variants28 :page
SELECT name FROM t ORDER BY name;

-- name: Variants29 :page
SELECT t_id, tag FROM u ORDER BY t_id, tag;

-- name: Variants30 :page
SELECT id FROM t UNION ALL SELECT id FROM u ORDER BY id;

-- name: Variants31 :page
SELECT id, generate_series(1, 2) FROM t ORDER BY id;

-- name: Variants32 :page
SELECT * FROM t WHERE tenant = @tenant ORDER BY name;

-- name: Variants33 :page
-- @optional tenant
SELECT * FROM t WHERE tenant = @tenant ORDER BY name;

-- name: Variants34 :many
-- @sort a, b nulls first, name
SELECT a, b, name FROM t ORDER BY a DESC NULLS LAST, t.id DESC;

-- name: Variants35 :page
-- @sort b nulls first, a
SELECT * FROM t ORDER BY a DESC NULLS LAST, id DESC;
