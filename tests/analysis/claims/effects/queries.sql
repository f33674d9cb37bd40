-- name: Effects1 :many
SELECT * FROM parents WHERE id = $1;

-- name: Effects2 :many
SELECT * FROM parents WHERE $1 = slug;

-- name: Effects3 :many
SELECT * FROM parents WHERE slug = $1::varchar;

-- name: Effects4 :many
SELECT * FROM parents WHERE id = 1 OR slug = 'x';

-- name: Effects5 :many
SELECT * FROM parents WHERE id = ANY ($1);

-- name: Effects6 :many
SELECT * FROM parents WHERE id > $1;

-- name: Effects7 :many
SELECT * FROM parents WHERE note = $1;

-- name: Effects8 :many
SELECT * FROM parents WHERE lower(slug) = $1;

-- name: Effects9 :many
SELECT * FROM parents WHERE id = (random() * 9)::int;

-- name: Effects10 :many
SELECT * FROM parents WHERE id = (SELECT max(id) FROM children);

-- name: Effects11 :many
SELECT * FROM children WHERE parent_id = $1;

-- name: Effects12 :many
SELECT * FROM children WHERE parent_id = $1 AND rank = $2;

-- name: Effects13 :many
SELECT * FROM places WHERE rank = $1;

-- name: Effects14 :many
SELECT * FROM places WHERE rank = $1 AND other_id IS NULL;

-- name: Effects15 :many
SELECT * FROM places WHERE rank = $1 AND other_id IS NOT NULL;

-- name: Effects16 :many
SELECT * FROM places WHERE rank = $1 AND parent_id IS NULL;

-- name: Effects17 :many
SELECT * FROM places WHERE rank = 1 AND (other_id IS NULL OR $1);

-- name: Effects18 :many
SELECT * FROM places WHERE parent_id = $1 AND kind = 'a';

-- name: Effects19 :many
SELECT * FROM places WHERE parent_id = $1 AND kind = 'a' AND rank IS NOT NULL;

-- name: Effects20 :many
SELECT * FROM places WHERE parent_id = $1 AND kind = 'b' AND rank IS NOT NULL;

-- name: Effects21 :many
SELECT * FROM places WHERE parent_id = $1 AND kind = 'a' COLLATE "C" AND rank IS NOT NULL;

-- name: Effects22 :many
SELECT * FROM parents p LEFT JOIN places c ON c.rank = p.id AND c.other_id IS NULL WHERE p.id = 1;

-- name: Effects23 :many
SELECT * FROM parents p LEFT JOIN places c ON c.rank = p.id WHERE p.id = 1 AND c.other_id IS NULL;

-- name: Effects24 :many
SELECT * FROM places c JOIN places d ON d.rank = 1 AND c.other_id IS NULL WHERE c.id = 1;

-- name: Effects25 :many
SELECT * FROM times WHERE at = $1::timestamptz;

-- name: Effects26 :many
SELECT * FROM times WHERE day = $1::timestamptz;

-- name: Effects27 :many
SELECT * FROM times WHERE at = $1::date;

-- name: Effects28 :many
SELECT * FROM times WHERE at = $1;

-- name: Effects29 :many
SELECT * FROM times WHERE zoned = $1;

-- name: Effects30 :many
SELECT * FROM parents LIMIT 1;

-- name: Effects31 :many
SELECT * FROM parents LIMIT $1;

-- name: Effects32 :many
SELECT * FROM parents ORDER BY note FETCH FIRST ROW WITH TIES;

-- name: Effects33 :many
SELECT count(*) FROM parents;

-- name: Effects34 :many
SELECT count(*) FROM parents HAVING count(*) > 1;

-- name: Effects35 :many
SELECT count(*), unnest('{1,2}'::int[]) FROM parents;

-- name: Effects36 :many
SELECT count(*) FROM parents GROUP BY note;

-- name: Effects37 :many
SELECT count(*) FROM parents WHERE note = 'x' GROUP BY note;

-- name: Effects38 :many
SELECT count(*) FROM parents GROUP BY ROLLUP (note);

-- name: Effects39 :many
SELECT DISTINCT note FROM parents WHERE note = 'x';

-- name: Effects40 :many
SELECT 1;

-- name: Effects41 :many
SELECT 1 WHERE $1;

-- name: Effects42 :many
SELECT generate_series(1, 2);

-- name: Effects43 :many
VALUES (1);

-- name: Effects44 :many
VALUES (1), (2);

-- name: Effects45 :many
SELECT 1 UNION SELECT 2;

-- name: Effects46 :many
SELECT 1 INTERSECT SELECT id FROM parents;

-- name: Effects47 :many
SELECT 1 EXCEPT SELECT id FROM parents;

-- name: Effects48 :many
SELECT id FROM parents EXCEPT SELECT 1;

-- name: Effects49 :many
SELECT 1 FROM children c JOIN parents p ON p.id = parent_id WHERE c.id = 1;

-- name: Effects50 :many
SELECT * FROM children c JOIN parents p ON p.id = parent_id WHERE p.id = 1;

-- name: Effects51 :many
SELECT 1 FROM children c LEFT JOIN parents p ON p.id = other_id WHERE c.id = 1;

-- name: Effects52 :many
SELECT * FROM parents p LEFT JOIN children c ON c.parent_id = p.id WHERE p.id = 1;

-- name: Effects53 :many
SELECT * FROM parents p LEFT JOIN children c ON p.id = 1 AND c.id = 1;

-- name: Effects54 :many
SELECT * FROM parents p FULL JOIN children c ON c.id = p.id WHERE p.id = 1;

-- name: Effects55 :many
SELECT * FROM parents p JOIN children c USING (id) WHERE id = 1;

-- name: Effects56 :many
SELECT * FROM slugs WHERE id = $1;

-- name: Effects57 :many
SELECT * FROM family WHERE id = $1;

-- name: Effects58 :many
SELECT * FROM (SELECT note, count(*) FROM parents GROUP BY note) s WHERE note = $1;

-- name: Effects59 :many
WITH s AS (SELECT * FROM parents) SELECT * FROM s WHERE slug = 'x';

-- name: Effects60 :many
WITH s AS (SELECT * FROM parents LIMIT 1) SELECT * FROM s;

-- name: Effects61 :many
WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 9) SELECT * FROM s WHERE n = 1;

-- name: Effects62 :many
SELECT * FROM base WHERE id = 1;

-- name: Effects63 :many
SELECT * FROM ONLY base WHERE id = 1;

-- name: Effects64 :many
SELECT * FROM generate_series(1, 2);

-- name: Effects65 :many
SELECT * FROM now();

-- name: Effects66 :many
INSERT INTO parents VALUES (1, 'a') RETURNING id;

-- name: Effects67 :many
INSERT INTO parents VALUES (1, 'a'), (2, 'b') RETURNING id;

-- name: Effects68 :many
INSERT INTO parents SELECT id, slug FROM parents RETURNING id;

-- name: Effects69 :many
INSERT INTO parents VALUES (1, 'a') ON CONFLICT DO NOTHING RETURNING id;

-- name: Effects70 :many
INSERT INTO parents VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = 'x' RETURNING id;

-- name: Effects71 :many
WITH u AS (INSERT INTO parents VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET note = 'x' RETURNING id) INSERT INTO parents VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = (SELECT 'y' || id FROM u) RETURNING id;

-- name: Effects72 :many
WITH u AS (DELETE FROM toys RETURNING id) INSERT INTO parents VALUES (1, 'a') RETURNING id;

-- name: Effects73 :exec
INSERT INTO parents VALUES (1, 'a');

-- name: Effects74 :many
UPDATE parents SET note = 'x' WHERE id = 1 RETURNING id;

-- name: Effects75 :many
UPDATE parents SET note = 'x' WHERE note = 'y' RETURNING id;

-- name: Effects76 :many
DELETE FROM parents WHERE slug = 'x' RETURNING id;

-- name: Effects77 :exec
DELETE FROM parents;

-- name: Effects78 :many
SELECT a FROM JSON_TABLE($1::jsonb, '$[*]' COLUMNS (a int PATH '$.a')) t;

-- name: Effects79 :many
SHOW work_mem;

-- name: Effects80 :many
EXPLAIN SELECT * FROM family WHERE id = 1;

-- name: Effects81 :many
EXPLAIN DELETE FROM children;

-- name: Effects82 :many
EXPLAIN (ANALYZE false, COSTS off) DELETE FROM children;

-- name: Effects83 :many
EXPLAIN ANALYZE SELECT * FROM parents;

-- name: Effects84 :many
EXPLAIN (ANALYZE) SELECT noting(1);

-- name: Effects85 :many
EXPLAIN (COSTS off, ANALYZE) DELETE FROM children;

-- name: Effects86 :exec
TRUNCATE marks;

-- name: Effects87 :exec
TRUNCATE TABLE ONLY base, marks RESTART IDENTITY;

-- name: Effects88 :exec
TRUNCATE parents CASCADE;

-- name: Effects89 :exec
REFRESH MATERIALIZED VIEW totals;

-- name: Effects90 :exec
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;

-- name: Effects91 :many
SELECT id INTO made FROM parents WHERE id = 1;

-- name: Effects92 :exec
DELETE FROM parents WHERE id = 1;

-- name: Effects93 :exec
DELETE FROM parents WHERE note = 'x';

-- name: Effects94 :exec
UPDATE parents SET note = slug WHERE id = 1;

-- name: Effects95 :exec
INSERT INTO parents (id, slug) SELECT id, note FROM parents;

-- name: Effects96 :exec
INSERT INTO parents (id, slug) VALUES ($1, 'a');

-- name: Effects97 :exec
UPDATE toys SET child_id = 1 WHERE id = 2;

-- name: Effects98 :many
SELECT slug FROM family;

-- name: Effects99 :many
SELECT * FROM totals;

-- name: Effects100 :many
WITH c AS (SELECT * FROM children) SELECT 1 FROM parents WHERE id IN (SELECT id FROM c);

-- name: Effects101 :many
INSERT INTO parents VALUES (1, 'a') RETURNING *;

-- name: Effects102 :exec
INSERT INTO parents VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = parents.note;

-- name: Effects103 :exec
INSERT INTO toys SELECT id, id FROM children;

-- name: Effects104 :many
WITH d AS (DELETE FROM toys RETURNING child_id) UPDATE children SET rank = 1 FROM d WHERE id = child_id;

-- name: Effects105 :exec
UPDATE slugs SET slug = 'x';

-- name: Effects106 :exec
DELETE FROM children WHERE id = 1;

-- name: Effects107 :exec
UPDATE parents SET id = 1;

-- name: Effects108 :exec
INSERT INTO ruled VALUES (1);

-- name: Effects109 :many
SELECT id FROM guarded;

-- name: Effects110 :many
SELECT id FROM split;

-- name: Effects111 :many
SELECT id FROM split_one;

-- name: Effects112 :exec
INSERT INTO split_rest VALUES (1, 1);

-- name: Effects113 :exec
UPDATE derived SET id = 1;

-- name: Effects114 :many
SELECT random(), now(), gen_random_uuid() FROM parents;

-- name: Effects115 :many
SELECT * FROM parents FOR SHARE;

-- name: Effects116 :many
SELECT nextval('numbers');

-- name: Effects117 :many
SELECT writes();

-- name: Effects118 :many
SELECT * FROM writes() w;

-- name: Effects119 :many
SELECT txid_current();

-- name: Effects120 :many
SELECT noted_sum(id) FROM parents;

-- name: Effects121 :many
SELECT noted_sum(id) OVER () FROM parents;

-- name: Effects122 :many
SELECT noted_end(id) FROM parents;

-- name: Effects123 :many
SELECT $1::checked;

-- name: Effects124 :many
SELECT $1::checked[];

-- name: Effects125 :many
SELECT ($1::text::holder).a;

-- name: Effects126 :many
SELECT r.a FROM jsonb_to_record($1) AS r (a checked);

-- name: Effects127 :many
SELECT id::counted FROM parents;

-- name: Effects128 :many
SELECT id::plain FROM parents;

-- name: Effects129 :many
SELECT c FROM held;

-- name: Effects130 :many
SELECT id FROM watched;

-- name: Effects131 :many
SELECT id FROM noting_view;

-- name: Effects132 :many
SELECT 1 FROM parents WHERE id === $1;

-- name: Effects133 :many
SELECT looking();

-- name: Effects134 :many
SELECT set_config('a.b', '1', false);

-- name: Effects135 :many
SELECT pg_notify('a', 'b');

-- name: Effects136 :many
SELECT pg_advisory_xact_lock(1);

-- name: Effects137 :many
SELECT lo_create(0);

-- name: Effects138 :many
SELECT currval('numbers');

-- name: Effects139 :many
TABLE parents;

-- name: Effects140 :many
SELECT * FROM parents TABLESAMPLE bernoulli (10) REPEATABLE (1);

-- name: Effects141 :many
SELECT x.a FROM XMLTABLE('/a' PASSING ($1::text::xml) COLUMNS a int) x;

-- name: Effects142 :exec
WITH RECURSIVE s AS (SELECT id, parent_id FROM children UNION ALL SELECT c.id, c.parent_id FROM children c JOIN s ON s.id = c.parent_id) SEARCH DEPTH FIRST BY id SET o CYCLE id SET y USING p SELECT id FROM s ORDER BY o;

-- name: Effects143 :exec
DELETE FROM toys;

-- name: Effects144 :many
WITH d AS (DELETE FROM toys RETURNING id) SELECT id FROM d;

-- name: Effects145 :exec
INSERT INTO children VALUES ($1, $2, $3, $4, $5);

-- name: Effects146 :exec
INSERT INTO children (id, parent_id, kind) VALUES ($1, $2, $3);

-- name: Effects147 :exec
INSERT INTO children (id, parent_id, kind) VALUES (1, 2, 'a') ON CONFLICT DO NOTHING;

-- name: Effects148 :exec
INSERT INTO children (id, parent_id, kind) VALUES (1, 2, 'a') ON CONFLICT (rank, parent_id) DO UPDATE SET kind = 'b';

-- name: Effects149 :exec
INSERT INTO children (id, parent_id, kind) VALUES (1, 2, 'a') ON CONFLICT ON CONSTRAINT one_rank DO NOTHING;

-- name: Effects150 :exec
UPDATE children SET rank = 1;

-- name: Effects151 :exec
UPDATE children SET kind = 'a';

-- name: Effects152 :exec
UPDATE parents SET slug = 'x';

-- name: Effects153 :exec
DELETE FROM children;

-- name: Effects154 :exec
DELETE FROM marks;

-- name: Effects155 :exec
UPDATE toys t SET child_id = 1;

-- name: Effects156 :exec
DELETE FROM toys WHERE id = 1;

-- name: Effects157 :many
SELECT 1 FROM parents p, children c;

-- name: Effects158 :many
SELECT 1 FROM parents p, children c WHERE c.parent_id = p.id;

-- name: Effects159 :many
SELECT 1 FROM parents p CROSS JOIN children c;

-- name: Effects160 :many
SELECT 1 FROM parents p, LATERAL (SELECT p.id) s;

-- name: Effects161 :many
SELECT 1 FROM parents p, unnest(ARRAY[1]) u;

-- name: Effects162 :many
SELECT 1 FROM parents p, children c WHERE EXISTS (SELECT FROM toys t WHERE t.id = c.id AND t.id = p.id);

-- name: Effects163 :many
SELECT 1 FROM parents p, children c, toys t WHERE t.child_id = c.id;

-- name: Effects164 :many
SELECT noting(1);

-- name: Effects165 :exec
DELETE FROM roots;

-- name: Effects166 :exec
UPDATE toys SET id = 1;

-- name: Effects167 :exec
INSERT INTO examined VALUES (1);

-- name: Effects168 :many
SELECT 1 ==== 2;

-- name: Effects169 :many
SELECT query_to_xml('DELETE FROM marks', true, true, '');

-- name: Effects170 :exec
DELETE FROM toys WHERE id = 2;
