-- name: Pages1 :page
SELECT p.name, p.id, c.id AS task FROM teams p
        LEFT JOIN tasks c ON c.team_id = p.id ORDER BY p.name, p.id, c.id;

-- name: Pages2 :page
SELECT p.id, c.id AS task FROM tasks c
        RIGHT JOIN teams p ON c.team_id = p.id ORDER BY p.id, c.id;

-- name: Pages3 :page
SELECT p.id, c.id AS task, n.id AS note FROM teams p
        LEFT JOIN tasks c ON c.team_id = p.id LEFT JOIN notes n ON n.task_id = c.id
        ORDER BY p.id, c.id, n.id;

-- name: Pages4 :page
SELECT p.id, c.id AS task, o.id AS other FROM teams p
        LEFT JOIN tasks c ON c.team_id = p.id LEFT JOIN tasks o ON o.code = p.id
        ORDER BY p.id, c.id, o.id;

-- name: Pages5 :page
SELECT p.id, c.id AS task FROM teams p
        LEFT JOIN (tasks c JOIN teams o ON o.id = c.team_id) ON c.code = p.id
        ORDER BY p.id, c.id;

-- name: Pages6 :page
SELECT p.id, c.id AS task FROM teams p
        LEFT JOIN (SELECT id, team_id FROM tasks WHERE weight > 0) c
        ON c.team_id = p.id ORDER BY p.id, c.id;

-- name: Pages7 :page
SELECT p.id, c.id AS task FROM teams p LEFT JOIN aged c
        ON c.id = p.parent ORDER BY p.id, c.id;

-- name: Pages8 :page
SELECT team_id, title FROM tasks ORDER BY team_id, title;

-- name: Pages9 :page
SELECT code, id FROM tasks WHERE code IS NOT NULL
        ORDER BY code;

-- name: Pages10 :page
SELECT 'task' AS kind, id, at FROM tasks
        UNION ALL SELECT 'note', id, at FROM notes ORDER BY at DESC, kind, id;

-- name: Pages11 :page
SELECT 1 AS kind, id, title FROM tasks
        UNION ALL SELECT 2, id, body FROM notes
        UNION ALL SELECT 3, id, name FROM teams ORDER BY kind, id;

-- name: Pages12 :page
SELECT 'task'::kind AS kind, id FROM tasks
        UNION ALL SELECT 'note', id FROM notes ORDER BY id, kind;

-- name: Pages13 :page
SELECT f.* FROM (SELECT 'task' AS kind, id, at FROM tasks
        UNION ALL SELECT 'note', id, at FROM notes) f ORDER BY f.at, f.kind, f.id;

-- name: Pages14 :page
WITH f AS (SELECT 'task' AS kind, id, at FROM tasks
        UNION ALL SELECT 'note', id, at FROM notes)
        SELECT * FROM f ORDER BY at, kind, id;

-- name: Pages15 :page
SELECT 'task' AS kind, id FROM tasks WHERE weight > @least
        UNION ALL SELECT 'note', n.id FROM notes n JOIN tasks t ON t.id = n.task_id
        ORDER BY kind, id;

-- name: Pages16 :page
SELECT id FROM teams UNION SELECT id FROM tasks ORDER BY id;

-- name: Pages17 :page
SELECT id, name FROM teams EXCEPT SELECT id, title FROM tasks
        ORDER BY id;

-- name: Pages18 :page
SELECT DISTINCT team_id, title FROM tasks ORDER BY title, team_id;

-- name: Pages19 :page
SELECT DISTINCT code FROM tasks ORDER BY code;

-- name: Pages20 :page
SELECT t.id, t.name, count(c.id) AS n FROM teams t
        LEFT JOIN tasks c ON c.team_id = t.id GROUP BY t.id, t.name
        ORDER BY n DESC, t.id;

-- name: Pages21 :page
SELECT team_id, max(at) AS newest FROM tasks GROUP BY team_id
        ORDER BY newest, team_id;

-- name: Pages22 :page
SELECT date_trunc('day', at) AS day, count(*) FROM tasks
        GROUP BY 1 ORDER BY day;

-- name: Pages23 :page
SELECT DISTINCT ON (team_id) team_id, id, title FROM tasks
        ORDER BY team_id, at DESC, id;

-- name: Pages24 :page
SELECT DISTINCT ON (team_id, title) team_id, title, id
        FROM tasks ORDER BY title, team_id DESC, at DESC;

-- name: Pages25 :page
SELECT * FROM (SELECT DISTINCT ON (team_id) team_id, id, at
        FROM tasks ORDER BY team_id, at DESC, id) x ORDER BY at DESC, id;

-- name: Pages26 :page
SELECT * FROM (SELECT DISTINCT ON (team_id) team_id, id
        FROM tasks ORDER BY team_id, title COLLATE "C" DESC) x ORDER BY id;

-- name: Pages27 :page
SELECT id, fixed_score(id) AS score FROM tasks
        ORDER BY score, id;

-- name: Pages28 :page
SELECT id, lower(title) AS low FROM tasks ORDER BY low, id;

-- name: Pages29 :page
SELECT id, spot FROM tasks ORDER BY spot, id;

-- name: Pages30 :page
SELECT id, tags FROM tasks ORDER BY tags, id;

-- name: Pages31 :page
SELECT id, at::date AS day FROM tasks ORDER BY day DESC, id;

-- name: Pages32 :page
SELECT id FROM tasks WHERE at > now() - interval '1 day'
        ORDER BY id;

-- name: Pages33 :page
SELECT id, length(title) - @wanted::int AS distance FROM tasks
        ORDER BY distance, id;

-- name: Pages34 :page
SELECT id, rank() OVER (ORDER BY at) AS place FROM tasks
        ORDER BY place, id;

-- name: Pages35 :page
SELECT id, row_number() OVER (PARTITION BY team_id ORDER BY at, id)
        AS place FROM tasks ORDER BY place, id;

-- name: Pages36 :page
SELECT * FROM (SELECT id, at FROM tasks ORDER BY at, id
        LIMIT 9) x ORDER BY id;

-- name: Pages37 :page
SELECT id FROM tasks t WHERE (SELECT 1 FROM notes n
        WHERE n.task_id = t.id LIMIT 1) IS NOT NULL ORDER BY id;

-- name: Pages38 :page
SELECT team_id, sum(cost) AS cost FROM tasks GROUP BY team_id
        ORDER BY cost, team_id;

-- name: Pages39 :page
SELECT id, at - timestamptz '2026-01-01' AS age FROM tasks
        ORDER BY age, id;

-- name: Pages40 :page
SELECT id, t.title FROM tasks t JOIN (SELECT id FROM teams) x USING (id)
        ORDER BY id;

-- name: Pages41 :page
SELECT t.id, n.id AS note FROM teams t LEFT JOIN LATERAL (
        SELECT id FROM notes WHERE task_id = t.id ORDER BY at DESC, id LIMIT 1) n
        ON true ORDER BY t.id;

-- name: Pages42 :page
SELECT id, clock_timestamp() - at AS age FROM tasks ORDER BY age, id;

-- name: Pages43 :page
SELECT id, now() - at AS age FROM tasks ORDER BY age, id;

-- name: Pages44 :page
SELECT id, age(at) AS age FROM tasks ORDER BY age, id;

-- name: Pages45 :page
SELECT id, current_date - at::date AS days FROM tasks ORDER BY days, id;

-- name: Pages46 :page
SELECT id, at - timestamptz 'today' AS age FROM tasks ORDER BY age, id;

-- name: Pages47 :page
SELECT id, random() AS r FROM tasks ORDER BY r, id;

-- name: Pages48 :page
SELECT id, gen_random_uuid() AS r FROM tasks ORDER BY r, id;

-- name: Pages49 :page
SELECT id, current_setting('a.b') || title AS s FROM tasks ORDER BY s, id;

-- name: Pages50 :page
SELECT id, title = current_user AS own FROM tasks ORDER BY own, id;

-- name: Pages51 :page
SELECT id, volatile_score(id) AS s FROM tasks ORDER BY s, id;

-- name: Pages52 :page
SELECT id, stable_score(id) AS s FROM tasks ORDER BY s, id;

-- name: Pages53 :page
SELECT id, age FROM aged ORDER BY age, id;

-- name: Pages54 :page
SELECT * FROM (SELECT id, random() AS r FROM tasks) x ORDER BY r, id;

-- name: Pages55 :page
WITH x AS (SELECT id, random() AS r FROM tasks)
        SELECT * FROM x ORDER BY r, id;

-- name: Pages56 :page
WITH x AS (SELECT id, random() AS r FROM tasks), y AS (SELECT * FROM x)
        SELECT id, (SELECT max(y.r) FROM y) AS top FROM tasks ORDER BY top, id;

-- name: Pages57 :page
SELECT 'a' AS k, id, 1.0::float8 AS r FROM tasks UNION ALL
        SELECT 'b', id, random() FROM teams ORDER BY r, k, id;

-- name: Pages58 :page
SELECT id, CASE WHEN at > now() THEN 1 ELSE 0 END AS later FROM tasks
        ORDER BY later, id;

-- name: Pages59 :page
SELECT team_id, count(*) AS n FROM tasks WHERE at > now() - interval '1 day'
        GROUP BY team_id ORDER BY n, team_id;

-- name: Pages60 :page
SELECT id, (SELECT count(*) FROM notes n WHERE n.task_id = t.id
        AND n.at > now() - interval '1 day') AS n FROM tasks t ORDER BY n, id;

-- name: Pages61 :page
SELECT team_id, sum(weight) AS w FROM tasks GROUP BY team_id
        ORDER BY w, team_id;

-- name: Pages62 :page
SELECT team_id, string_agg(title, ',') AS all FROM tasks GROUP BY team_id
        ORDER BY 2, team_id;

-- name: Pages63 :page
SELECT team_id, total(id) AS t FROM tasks GROUP BY 1 ORDER BY t, team_id;

-- name: Pages64 :page
SELECT id, row_number() OVER (ORDER BY at) AS place FROM tasks
        ORDER BY place, id;

-- name: Pages65 :page
SELECT id, sum(cost) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS cost
        FROM tasks ORDER BY cost, id;

-- name: Pages66 :page
SELECT * FROM (SELECT DISTINCT ON (team_id) team_id, id, at FROM tasks
        ORDER BY team_id, at DESC) x ORDER BY at DESC, team_id;

-- name: Pages67 :page
SELECT * FROM (SELECT id FROM tasks ORDER BY at LIMIT 9) x ORDER BY id;

-- name: Pages68 :page
SELECT t.id FROM tasks t JOIN (SELECT id FROM teams ORDER BY name LIMIT 9) x
        ON x.id = t.team_id ORDER BY t.id;

-- name: Pages69 :page
SELECT id FROM tasks
        WHERE team_id IN (SELECT id FROM teams ORDER BY name LIMIT 9) ORDER BY id;

-- name: Pages70 :page
SELECT id FROM tasks TABLESAMPLE bernoulli (50) ORDER BY id;

-- name: Pages71 :page
SELECT id FROM tasks WHERE random() > 0.5 ORDER BY id;

-- name: Pages72 :page
SELECT id FROM tasks AS t WHERE EXISTS (SELECT FROM tasks AS o
        WHERE o.id = t.id AND random() > 0.5) ORDER BY id;

-- name: Pages73 :page
SELECT id, ROW(at, id) AS r FROM tasks ORDER BY r, id;

-- name: Pages74 :page
SELECT id, price FROM tasks ORDER BY price, id;

-- name: Pages75 :page
SELECT oid, oid::regclass AS r FROM pg_class ORDER BY r;

-- name: Pages76 :page
SELECT p.id, c.id AS task FROM teams p LEFT JOIN tasks c ON c.team_id = p.id
        ORDER BY p.id;

-- name: Pages77 :page
SELECT p.id, c.id AS task FROM teams p LEFT JOIN tasks c ON c.team_id = p.id
        ORDER BY c.id;

-- name: Pages78 :page
SELECT p.id, c.code FROM teams p LEFT JOIN tasks c ON c.team_id = p.id
        ORDER BY p.id, c.code;

-- name: Pages79 :page
SELECT p.id, c.id AS task FROM teams p FULL JOIN tasks c ON c.team_id = p.id
        ORDER BY p.id, c.id;

-- name: Pages80 :page
SELECT code, title FROM tasks ORDER BY code;

-- name: Pages81 :page
SELECT id FROM parts ORDER BY id;

-- name: Pages82 :page
SELECT id, at FROM tasks UNION ALL SELECT id, at FROM notes ORDER BY at, id;

-- name: Pages83 :page
SELECT 'a' AS kind, id FROM tasks UNION ALL SELECT 'b', id FROM notes
        UNION ALL SELECT 'a', id FROM teams ORDER BY kind, id;

-- name: Pages84 :page
SELECT title AS kind, id FROM tasks UNION ALL SELECT 'b', id FROM notes
        ORDER BY kind, id;

-- name: Pages85 :page
SELECT 1.0 AS kind, id FROM tasks UNION ALL SELECT 1.00, id FROM notes
        ORDER BY kind, id;

-- name: Pages86 :page
SELECT 'a'::bpchar AS kind, id FROM tasks
        UNION ALL SELECT 'a '::bpchar, id FROM notes ORDER BY kind, id;

-- name: Pages87 :page
SELECT x.t::bpchar AS t FROM (SELECT title AS t FROM tasks UNION
        SELECT body FROM notes) x ORDER BY t;

-- name: Pages88 :page
(SELECT id FROM tasks LIMIT 9) ORDER BY id;
