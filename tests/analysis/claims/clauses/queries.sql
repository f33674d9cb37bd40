-- name: Clauses1 :many
SELECT a, b FROM t WHERE a = @x AND b > 0;

-- name: Clauses2 :many
-- @optional x
SELECT a, b FROM t WHERE a = @x AND b > 0;

-- name: Clauses3 :many
-- @optional x, y
SELECT a, b FROM t WHERE a = @x AND b > @y;

-- name: Clauses4 :many
-- @optional x
SELECT u.t_id FROM t LEFT JOIN u ON u.t_id = t.id WHERE u.tag = @x;

-- name: Clauses5 :many
-- @optional x
SELECT n FROM t LEFT JOIN (SELECT count(*) AS n FROM u) s ON s.n > @x;

-- name: Clauses6 :many
-- @optional x, y
SELECT coalesce(p.n, q.n) AS n FROM t LEFT JOIN (SELECT count(*) AS n FROM u) p ON p.n > @x LEFT JOIN (SELECT count(*) AS n FROM u) q ON q.n > @y;

-- name: Clauses7 :many
-- @optional x
SELECT max(id) AS n FROM t GROUP BY a HAVING a > @x;

-- name: Clauses8 :many
-- @optional x
UPDATE t SET name = 'n', a = @x WHERE a > 0 AND b > 0 RETURNING a, b;

-- name: Clauses9 :many
-- @optional x
UPDATE t SET name = @x, b = 1 RETURNING name, a, b;

-- name: Clauses10 :many
-- @optional x
WITH w AS (UPDATE t SET name = 'n', a = coalesce(@x, 1) RETURNING a) SELECT a FROM w;

-- name: Clauses11 :one
SELECT * FROM t WHERE id = @id;

-- name: Clauses12 :one
-- @optional id
SELECT * FROM t WHERE id = @id;

-- name: Clauses13 :exec
-- @optional a, b
-- @optional x
UPDATE t SET a = @a, b = $2 WHERE name = @x AND id = @id;

-- name: Clauses14 :page
SELECT * FROM t ORDER BY id;

-- name: Clauses15 :page
SELECT * FROM t ORDER BY name DESC, id;

-- name: Clauses16 :page
SELECT * FROM t WHERE tenant = @tenant ORDER BY a, name;

-- name: Clauses17 :page
SELECT * FROM t ORDER BY a, tenant, name;

-- name: Clauses18 :page
SELECT u.*, t.name FROM u JOIN t ON t.id = u.t_id ORDER BY t.name, u.id;

-- name: Clauses19 :page
SELECT number, name FROM named ORDER BY name, number;

-- name: Clauses20 :page
SELECT a, count(*) FROM t WHERE a > 0 GROUP BY a ORDER BY count(*), a;

-- name: Clauses21 :page
SELECT DISTINCT name, tenant FROM t ORDER BY tenant, name;

-- name: Clauses22 :page
SELECT id FROM t UNION SELECT id FROM u ORDER BY id;

-- name: Clauses23 :page
SELECT id, row_number() OVER (ORDER BY a, id) FROM t ORDER BY 2, 1;

-- name: Clauses24 :page
WITH q AS (SELECT id AS n FROM t) SELECT n FROM q ORDER BY n;

-- name: Clauses25 :page
SELECT id AS "id!" FROM t ORDER BY id;

-- name: Clauses26 :page
SELECT a, id FROM t WHERE a = @a ORDER BY a;

-- name: Clauses27 :page
SELECT u.id, t.id AS t_id FROM u CROSS JOIN t ORDER BY t.id;

-- name: Clauses28 :page
SELECT name FROM t ORDER BY name;

-- name: Clauses29 :page
SELECT t_id, tag FROM u ORDER BY t_id, tag;

-- name: Clauses30 :page
SELECT id FROM t UNION ALL SELECT id FROM u ORDER BY id;

-- name: Clauses31 :page
SELECT id, generate_series(1, 2) FROM t ORDER BY id;

-- name: Clauses32 :page
SELECT * FROM t WHERE tenant = @tenant ORDER BY name;

-- name: Clauses33 :page
-- @optional tenant
SELECT * FROM t WHERE tenant = @tenant ORDER BY name;

-- name: Clauses34 :many
-- @sort a, b nulls first, name
SELECT a, b, name FROM t ORDER BY a DESC NULLS LAST, t.id DESC;

-- name: Clauses35 :page
-- @sort b nulls first, a
SELECT * FROM t ORDER BY a DESC NULLS LAST, id DESC;
