-- name: Parameters1 :exec
SELECT 1 FROM users WHERE id = $1;

-- name: Parameters2 :exec
SELECT 1 FROM users WHERE $1 < id AND id < $2;

-- name: Parameters3 :exec
SELECT 1 FROM users u WHERE lower(u.name) LIKE $1;

-- name: Parameters4 :exec
SELECT 1 FROM tasks WHERE data->>'a' = $1;

-- name: Parameters5 :exec
SELECT 1 FROM tasks GROUP BY title HAVING max(id) < $1;

-- name: Parameters6 :exec
SELECT 1 FROM tasks WHERE created BETWEEN $1 AND $2;

-- name: Parameters7 :exec
SELECT 1 FROM users WHERE id IN ($1, $2);

-- name: Parameters8 :exec
SELECT 1 FROM users WHERE id = ANY ($1);

-- name: Parameters9 :exec
SELECT 1 FROM users WHERE (id, name) > ($1, $2);

-- name: Parameters10 :exec
SELECT 1 FROM users WHERE email IS NOT DISTINCT FROM $1;

-- name: Parameters11 :exec
SELECT 1 FROM users WHERE $1 IN (SELECT name FROM users);

-- name: Parameters12 :exec
SELECT 1 FROM (SELECT id AS key FROM users) s WHERE key = $1;

-- name: Parameters13 :exec
SELECT 1 FROM users AS u (a, b) WHERE b = $1;

-- name: Parameters14 :exec
SELECT 1 FROM users JOIN tasks USING (id) WHERE id = $1;

-- name: Parameters15 :exec
SELECT $1::int FROM users LIMIT $2 OFFSET $3;

-- name: Parameters16 :exec
SELECT found($1, $2), many($3, $4);

-- name: Parameters17 :exec
SELECT make_interval(days => $1), pg_notify($2, 'x');

-- name: Parameters18 :exec
SELECT found($2::int, $1::text);

-- name: Parameters19 :exec
SELECT $1::text IS NULL OR $2::int = 1;

-- name: Parameters20 :exec
SELECT 1 FROM users WHERE id = $1 AND ctid = $2;

-- name: Parameters21 :exec
INSERT INTO users VALUES ($1, $2, $3, $4);

-- name: Parameters22 :exec
INSERT INTO users (email, id, name) VALUES ($1, $2, $3), ($4, $5, 'a');

-- name: Parameters23 :exec
INSERT INTO users (name, id, email) SELECT $1, id, $2 FROM tasks;

-- name: Parameters24 :exec
INSERT INTO named VALUES ($1, $2);

-- name: Parameters25 :exec
INSERT INTO users (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET email = $3 WHERE users.name <> $4;

-- name: Parameters26 :exec
UPDATE users SET email = $1, name = $2 WHERE id = $3;

-- name: Parameters27 :exec
UPDATE users SET name = coalesce($1, name);

-- name: Parameters28 :exec
UPDATE users SET (name, email) = ($1, $2);

-- name: Parameters29 :exec
UPDATE tasks t SET title = v.b FROM (VALUES ($1::int, $2::text)) v (a, b) WHERE t.id = v.a;

-- name: Parameters30 :exec
WITH w AS (UPDATE users SET email = $1 WHERE id = $2 RETURNING id) DELETE FROM tasks USING w WHERE owner_id = w.id AND title = $3;

-- name: Parameters31 :exec
CALL work($1, $2);

-- name: Parameters32 :exec
CALL work(who => $1, task => 1);

-- name: Parameters33 :exec
UPDATE users SET email = CASE WHEN $1 THEN $2 ELSE $3 END;

-- name: Parameters34 :exec
UPDATE users SET email = CASE $1::int WHEN 1 THEN $2 END;

-- name: Parameters35 :exec
UPDATE users SET name = CASE WHEN $1 THEN $2 ELSE name END;

-- name: Parameters36 :exec
UPDATE users SET email = nullif($1, '');

-- name: Parameters37 :exec
UPDATE users SET name = nullif($1, '');

-- name: Parameters38 :exec
UPDATE users SET email = lower(trim(@a));

-- name: Parameters39 :exec
UPDATE users SET email = @a || '@x';

-- name: Parameters40 :exec
UPDATE users SET email = 'x' || upper(@a::text) || @a;

-- name: Parameters41 :exec
UPDATE users SET email = @a::int::text;

-- name: Parameters42 :exec
UPDATE users SET email = coalesce(@a, 'x');

-- name: Parameters43 :exec
UPDATE users SET email = (SELECT @a::text);

-- name: Parameters44 :exec
UPDATE users SET (email, name) = (SELECT @a::text, @b);

-- name: Parameters45 :exec
WITH w AS (SELECT @a::text AS a) UPDATE users SET email = a FROM w;

-- name: Parameters46 :exec
INSERT INTO users (id, name, email) VALUES (@a, lower(@b), lower(@c));

-- name: Parameters47 :exec
INSERT INTO users (id, name, email) SELECT 1, @b, CASE WHEN @c THEN @d END;

-- name: Parameters48 :exec
INSERT INTO users (id, name) VALUES (@a, @b) ON CONFLICT (id) DO UPDATE SET email = nullif(@c, '');

-- name: Parameters49 :exec
UPDATE users SET email = name || @a;

-- name: Parameters50 :exec
UPDATE users SET email = @a || @b;

-- name: Parameters51 :exec
UPDATE tasks SET data = to_jsonb(now() + @a::interval);

-- name: Parameters52 :exec
UPDATE users SET email = concat(@a::text, 'x');

-- name: Parameters53 :exec
UPDATE users SET email = @a WHERE lower(email) = lower(@a);

-- name: Parameters54 :exec
UPDATE users SET email = @a WHERE starts_with(email, @a);

-- name: Parameters55 :exec
UPDATE users SET email = CASE WHEN @a > 'a' THEN @a END;

-- name: Parameters56 :exec
UPDATE users SET email = CASE @a WHEN 'a' THEN 'b' ELSE @a END;

-- name: Parameters57 :exec
UPDATE users SET email = @a, name = upper(@a);

-- name: Parameters58 :exec
UPDATE users SET email = @a, name = coalesce(@a, name);

-- name: Parameters59 :exec
UPDATE users SET email = @a WHERE @a::text IS NULL OR email = @a;

-- name: Parameters60 :exec
UPDATE users SET email = $1 WHERE email <> $1;

-- name: Parameters61 :exec
SELECT 1 FROM users WHERE id = $1 OR id = @id;

-- name: Parameters62 :exec
SELECT 1 FROM users WHERE name = sqlc.narg(x) OR id = @y;

-- name: Parameters63 :exec
SELECT 1 FROM users WHERE id IN (sqlc.slice(ids));

-- name: Parameters64 :exec
SELECT 1 FROM pg_class WHERE relkind = $1;

-- name: Parameters65 :exec
MERGE INTO users u USING (SELECT $1::int AS id) s ON u.id = s.id WHEN MATCHED THEN UPDATE SET email = $2 WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, $3);

-- name: Parameters66 :exec
UPDATE tasks SET data = $1 WHERE id = $2 AND lower(title) = $3;
