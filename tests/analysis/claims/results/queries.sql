-- name: Results1 :many
SELECT * FROM users;

-- name: Results2 :many
SELECT u.* FROM users u;

-- name: Results3 :many
SELECT *, 1 * 2 AS x FROM users, loose;

-- name: Results4 :many
SELECT * FROM users u JOIN tasks t ON t.owner_id = u.id;

-- name: Results5 :many
SELECT * FROM users FULL JOIN tasks USING (id);

-- name: Results6 :many
SELECT "Order" . * FROM "Order";

-- name: Results7 :many
SELECT /* * */ * -- all
 , '*' FROM loose WHERE a * 2 = @x;

-- name: Results8 :many
(SELECT * FROM loose) UNION SELECT l.* FROM loose l;

-- name: Results9 :many
WITH x AS (SELECT * FROM loose) SELECT x.*, count(*) OVER () FROM x;

-- name: Results10 :many
DELETE FROM loose RETURNING *;

-- name: Results11 :many
SELECT name, * FROM users GROUP BY id;

-- name: Results12 :many
SELECT t.*, u.* FROM tasks t, users u WHERE u.id = 1 GROUP BY u.id, t.id;

-- name: Results13 :many
SELECT l.*, count(*) FROM loose l GROUP BY l.a, l.b;

-- name: Results14 :many
SELECT (l).* FROM loose l;

-- name: Results15 :many
SELECT 1, ( held . one ) . * , (held).one.*, several[1].* FROM held;

-- name: Results16 :many
SELECT (find_loose(@x)).*, (1 + 2) * 3;

-- name: Results17 :many
SELECT (SELECT l FROM loose l WHERE a = @x).*;

-- name: Results18 :many
SELECT (x.l).* FROM (SELECT l FROM loose l) x UNION SELECT (z).* FROM loose z;

-- name: Results19 :many
SELECT (x.l).*, count(*) FROM (SELECT l FROM loose l) x GROUP BY x.l;

-- name: Results20 :many
UPDATE loose SET b = 1 RETURNING (loose).*;

-- name: Results21 :many
SELECT * FROM (SELECT 1 AS a, 2 AS a) s;

-- name: Results22 :many
SELECT count(*) FROM (SELECT * FROM users) s;

-- name: Results23 :many
SELECT p.*, (SELECT max(title) FROM titles) FROM people p WHERE id = $1;

-- name: Results24 :many
SELECT * FROM users;

-- name: Results25 :many
SELECT id, name, email FROM users WHERE id = $1;

-- name: Results26 :many
SELECT u.* FROM users u JOIN tasks t ON t.owner_id = u.id;

-- name: Results27 :many
UPDATE users SET name = $1 RETURNING *;

-- name: Results28 :many
SELECT * FROM people;

-- name: Results29 :many
SELECT * FROM titles;

-- name: Results30 :many
SELECT name, id, email FROM users;

-- name: Results31 :many
SELECT id, name FROM users;

-- name: Results32 :many
SELECT id, name, email AS mail FROM users;

-- name: Results33 :many
SELECT id, name, lower(email) AS email FROM users;

-- name: Results34 :many
SELECT u.* FROM tasks t LEFT JOIN users u ON u.id = t.owner_id;

-- name: Results35 :many
SELECT *, 1 AS one FROM users;

-- name: Results36 :many
SELECT * FROM pg_namespace;

-- name: Results37 :many
SELECT id, id, 1, 2 FROM users;

-- name: Results38 :many
SELECT email AS "email!", id AS "id?" FROM users;

-- name: Results39 :many
VALUES (1, NULL);

-- name: Results40 :many
SELECT 'a' AS a, NULL AS b, $1 AS c;

-- name: Results41 :many
SELECT * FROM rows() AS r (a int, b int);

-- name: Results42 :many
SELECT a.x FROM (VALUES (1)) AS a (x);

-- name: Results43 :many
SHOW server_version;

-- name: Results44 :many
EXPLAIN SELECT 1;

-- name: Results45 :many
SELECT * FROM titles;

-- name: Results46 :many
SELECT nspname FROM pg_namespace;

-- name: Results47 :many
SELECT table_name FROM information_schema.tables;

-- name: Results48 :many
SELECT sqlc.embed(t), sqlc.embed(users) FROM tasks t, users;

-- name: Results49 :many
SELECT sqlc.embed(t), u.name, sqlc.embed(u) FROM tasks t LEFT JOIN users u ON u.id = t.owner_id;

-- name: Results50 :many
SELECT sqlc.embed(u) FROM tasks t LEFT JOIN users u ON u.id = t.owner_id WHERE u.name = 'x';

-- name: Results51 :many
SELECT sqlc.embed(l), count(*) FROM loose l GROUP BY l.a, l.b;

-- name: Results52 :many
SELECT sqlc.embed(t), sqlc.embed(u), count(*) FROM tasks t JOIN users u ON u.id = t.owner_id GROUP BY t.id, u.id;

-- name: Results53 :many
WITH u AS (SELECT * FROM users) SELECT sqlc.embed(u) FROM u;

-- name: Results54 :many
WITH u AS (UPDATE users SET name = 'x' RETURNING *)
            SELECT sqlc.embed(u), sqlc.embed(t)
            FROM u LEFT JOIN tasks t ON t.owner_id = u.id;

-- name: Results55 :many
WITH a AS (
                SELECT u.* FROM tasks t LEFT JOIN users u ON u.id = t.owner_id
            ), b AS (SELECT * FROM a)
            SELECT sqlc.embed(c) FROM (SELECT * FROM b) c;

-- name: Results56 :many
SELECT sqlc.embed(p) FROM (SELECT * FROM people OFFSET 0) p;

-- name: Results57 :many
SELECT sqlc.embed(x) FROM (SELECT id, name FROM users) AS x;

-- name: Results58 :many
SELECT sqlc.embed(x) FROM (SELECT name, id, email FROM users) AS x;

-- name: Results59 :many
SELECT sqlc.embed(x) FROM (SELECT id, name, lower(email) AS email FROM users) AS x;

-- name: Results60 :many
SELECT sqlc.embed(x) FROM (SELECT a.id, b.name, a.email FROM users a LEFT JOIN users b ON b.id > a.id) AS x;

-- name: Results61 :many
SELECT sqlc.embed(x) FROM (SELECT * FROM users UNION SELECT * FROM users) AS x;

-- name: Results62 :many
SELECT sqlc.embed(x) FROM (VALUES (1, 'a', 'b')) AS x;

-- name: Results63 :many
SELECT array_agg(name) FROM users;

-- name: Results64 :many
SELECT array_agg(email) FROM users;

-- name: Results65 :many
SELECT array_agg(email) FILTER (WHERE email > '') FROM users;

-- name: Results66 :many
SELECT array_agg(email) FILTER (WHERE name > '') FROM users;

-- name: Results67 :many
SELECT array_agg(email) FILTER (WHERE false) FROM users;

-- name: Results68 :many
SELECT coalesce(array_agg(name), '{}') FROM users;

-- name: Results69 :many
SELECT coalesce(array_agg(name), '{NULL}') FROM users;

-- name: Results70 :many
SELECT coalesce(array_agg(email), '{}') FROM users;

-- name: Results71 :many
SELECT ARRAY(SELECT u FROM users u);

-- name: Results72 :many
SELECT ARRAY(SELECT email FROM users);

-- name: Results73 :many
SELECT ARRAY[name, 'x'] FROM users;

-- name: Results74 :many
SELECT ARRAY[name, email] FROM users;

-- name: Results75 :many
SELECT array_agg(u) FROM tasks t JOIN users u ON u.id = t.owner_id;

-- name: Results76 :many
SELECT array_agg(u) FROM tasks t LEFT JOIN users u ON u.id = 1;

-- name: Results77 :many
SELECT x FROM (SELECT array_agg(email) AS x FROM users) s;

-- name: Results78 :many
WITH s AS (SELECT array_agg(email) AS x FROM users) SELECT x FROM s;

-- name: Results79 :many
SELECT array_agg(email) OVER () FROM users;

-- name: Results80 :many
SELECT array_agg(name) OVER () FROM users;

-- name: Results81 :many
SELECT CASE WHEN id > 1 THEN ARRAY[email] END FROM users;

-- name: Results82 :many
SELECT array_agg(name) FROM users UNION SELECT ARRAY[NULL];

-- name: Results83 :many
SELECT (SELECT array_agg(email) FROM users);

-- name: Results84 :many
SELECT string_to_array(name, ',') FROM users;

-- name: Results85 :many
SELECT name FROM users;

-- name: Results86 :many
INSERT INTO loose VALUES (1, 2) RETURNING sqlc.embed(old), sqlc.embed(new);

-- name: Results87 :many
UPDATE loose SET a = 1 RETURNING sqlc.embed(old), sqlc.embed(new);

-- name: Results88 :many
DELETE FROM loose RETURNING sqlc.embed(old), sqlc.embed(new);

-- name: Results89 :many
MERGE INTO loose USING users u ON u.id = a WHEN MATCHED THEN DELETE RETURNING sqlc.embed(old), sqlc.embed(new);

-- name: Results90 :many
SELECT sqlc.embed(l), sqlc.embed(u) FROM loose l LEFT JOIN users u ON true;

-- name: Results91 :many
SELECT address, lower(address) AS low FROM mails;

-- name: Results92 :many
SELECT name FROM users;

-- name: Results93 :many
SELECT * FROM users WHERE id = $1 FOR UPDATE;

-- name: Results94 :many
INSERT INTO users VALUES ($1, $2, $3) RETURNING id;
