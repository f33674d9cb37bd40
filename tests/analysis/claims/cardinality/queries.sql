-- name: Rows0 :many
SELECT note FROM loose LIMIT 1;

-- name: Rows1 :many
SELECT note FROM loose LIMIT 0;

-- name: Rows2 :many
SELECT note FROM loose LIMIT 2;

-- name: Rows3 :many
SELECT note FROM loose ORDER BY n FETCH FIRST 1 ROW WITH TIES;

-- name: Rows4 :many
SELECT note FROM loose LIMIT @most;

-- name: Rows5 :many
SELECT code FROM keyed WHERE id = @id;

-- name: Rows6 :many
SELECT id FROM keyed WHERE code = @code;

-- name: Rows7 :many
SELECT id FROM keyed WHERE nick = @nick;

-- name: Rows8 :many
SELECT id FROM keyed WHERE nick IS NULL;

-- name: Rows9 :many
SELECT id FROM keyed WHERE alone IS NULL;

-- name: Rows10 :many
SELECT id FROM keyed WHERE nick IS NOT DISTINCT FROM @nick;

-- name: Rows11 :many
SELECT id FROM keyed WHERE alone IS NOT DISTINCT FROM @alone;

-- name: Rows12 :many
SELECT id FROM keyed WHERE a = @a;

-- name: Rows13 :many
SELECT id FROM keyed WHERE a = @a AND b = @b;

-- name: Rows14 :many
SELECT id FROM keyed WHERE a = @a AND b = a;

-- name: Rows15 :many
SELECT id FROM keyed WHERE slug = @slug;

-- name: Rows16 :many
SELECT id FROM keyed WHERE slug = @slug AND live;

-- name: Rows17 :many
SELECT id FROM keyed WHERE slug = @slug AND NOT live;

-- name: Rows18 :many
SELECT id FROM keyed WHERE lower(slug) = @slug;

-- name: Rows19 :many
SELECT id FROM keyed WHERE id = @id OR code = @code;

-- name: Rows20 :many
SELECT id FROM keyed WHERE id IN (@one, @two);

-- name: Rows21 :many
SELECT id FROM keyed WHERE id = ANY (@ids::int[]);

-- name: Rows22 :many
SELECT id FROM keyed WHERE id < @id;

-- name: Rows23 :many
SELECT i.id FROM items i JOIN keyed k ON k.id = i.keyed_id WHERE i.id = @id;

-- name: Rows24 :many
SELECT i.id FROM items i JOIN keyed k ON k.id = i.keyed_id WHERE k.id = @id;

-- name: Rows25 :many
SELECT i.id FROM items i JOIN keyed k ON k.id = i.keyed_id WHERE k.id = @id AND i.place = @place;

-- name: Rows26 :many
SELECT i.id FROM items i JOIN keyed k ON k.id = i.keyed_id WHERE k.code = @code AND i.place = @place;

-- name: Rows27 :many
SELECT i.id FROM items i LEFT JOIN keyed k ON k.id = i.other_id WHERE i.id = @id;

-- name: Rows28 :many
SELECT i.id FROM items i RIGHT JOIN keyed k ON k.id = i.other_id WHERE i.id = @id;

-- name: Rows29 :many
SELECT i.id FROM items i FULL JOIN keyed k ON k.id = i.id WHERE i.id = @id;

-- name: Rows30 :many
SELECT i.id FROM items i LEFT JOIN keyed k ON k.id = i.other_id AND i.id = @id;

-- name: Rows31 :many
SELECT k.id FROM keyed k LEFT JOIN items i ON i.keyed_id = k.id WHERE k.id = @id;

-- name: Rows32 :many
SELECT k.id FROM keyed k, loose WHERE k.id = @id;

-- name: Rows33 :many
SELECT id FROM twice WHERE id = @id;

-- name: Rows34 :many
SELECT id FROM twice WHERE id = @id AND a = @a;

-- name: Rows35 :many
SELECT id FROM parent WHERE id = @id;

-- name: Rows36 :many
SELECT id FROM ONLY parent WHERE id = @id;

-- name: Rows37 :many
SELECT id FROM child WHERE id = @id;

-- name: Rows38 :many
SELECT id FROM parted WHERE id = @id;

-- name: Rows39 :many
SELECT id FROM parted WHERE id = @id AND kind = @kind;

-- name: Rows40 :many
SELECT id FROM parted_a WHERE id = @id AND kind = @kind;

-- name: Rows41 :many
SELECT count(*) FROM loose;

-- name: Rows42 :many
SELECT max(n) FROM loose GROUP BY note;

-- name: Rows43 :many
SELECT max(n) FROM loose WHERE note = @note GROUP BY note;

-- name: Rows44 :many
SELECT max(n) FROM loose GROUP BY ();

-- name: Rows45 :many
SELECT max(n) FROM loose GROUP BY GROUPING SETS ((note), ());

-- name: Rows46 :many
SELECT max(n) FROM loose HAVING max(n) > 1;

-- name: Rows47 :many
SELECT 1 FROM loose HAVING true;

-- name: Rows48 :many
SELECT several() FROM loose HAVING true;

-- name: Rows49 :many
SELECT DISTINCT note FROM loose WHERE note = @note;

-- name: Rows50 :many
SELECT DISTINCT note, n FROM loose WHERE note = @note;

-- name: Rows51 :many
SELECT DISTINCT 1 FROM loose;

-- name: Rows52 :many
SELECT DISTINCT ON (n) note FROM loose WHERE n = @n;

-- name: Rows53 :many
SELECT DISTINCT k.code FROM keyed k JOIN items i ON i.keyed_id = k.id WHERE k.id = @id;

-- name: Rows54 :many
SELECT k.code, count(*) FROM keyed k JOIN items i ON i.keyed_id = k.id WHERE k.id = @id GROUP BY k.code;

-- name: Rows55 :many
SELECT k.code, i.note, count(*) FROM keyed k JOIN items i ON i.keyed_id = k.id WHERE k.id = @id GROUP BY k.code, i.note;

-- name: Rows56 :many
SELECT id FROM seen WHERE id = @id;

-- name: Rows57 :many
SELECT n FROM grouped WHERE keyed_id = @id;

-- name: Rows58 :many
SELECT n FROM grouped;

-- name: Rows59 :many
SELECT s.id FROM (SELECT id FROM keyed WHERE code = @code) s;

-- name: Rows60 :many
SELECT s.id FROM (SELECT id, note FROM items) s WHERE s.id = @id;

-- name: Rows61 :many
SELECT s.m FROM (SELECT keyed_id, max(place) AS m FROM items GROUP BY keyed_id) s WHERE s.keyed_id = @id;

-- name: Rows62 :many
SELECT s.m FROM (SELECT keyed_id, max(place) AS m FROM items GROUP BY keyed_id) s WHERE s.m = @m;

-- name: Rows63 :many
SELECT s.n FROM (SELECT DISTINCT n, note FROM loose) s WHERE s.n = @n;

-- name: Rows64 :many
SELECT s.n FROM (SELECT DISTINCT n, note FROM loose) s WHERE s.n = @n AND s.note = @note;

-- name: Rows65 :many
WITH c AS (SELECT id FROM keyed WHERE id = @id) SELECT id FROM c;

-- name: Rows66 :many
WITH c AS (SELECT id FROM keyed), d AS (SELECT id FROM keyed WHERE id = 1) SELECT id FROM c;

-- name: Rows67 :many
WITH c AS (SELECT id FROM keyed), d AS (SELECT id FROM keyed WHERE id = 1) SELECT id FROM d;

-- name: Rows68 :many
WITH c AS (SELECT id FROM keyed), d AS (SELECT id FROM keyed WHERE id = 1) SELECT c.id FROM c, d;

-- name: Rows69 :many
WITH c AS (SELECT id FROM keyed) SELECT id FROM c WHERE id = @id;

-- name: Rows70 :many
WITH c AS (SELECT 1 AS n) SELECT (SELECT n FROM c) FROM keyed WHERE id = @id;

-- name: Rows71 :many
WITH c AS (SELECT 1 AS n) SELECT s.n FROM (SELECT n FROM c) s;

-- name: Rows72 :many
WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c;

-- name: Rows73 :many
WITH RECURSIVE c AS (SELECT 1 AS n) SELECT n FROM c;

-- name: Rows74 :many
WITH RECURSIVE c AS (SELECT 1 AS n UNION SELECT n FROM c) SELECT n FROM c WHERE n = @n;

-- name: Rows75 :many
WITH w AS (UPDATE keyed SET nick = 'x' WHERE id = @id RETURNING id) SELECT id FROM w;

-- name: Rows76 :many
WITH w AS (UPDATE keyed SET nick = 'x' RETURNING id) SELECT id FROM w;

-- name: Rows77 :many
WITH w AS (INSERT INTO loose VALUES (1) RETURNING n) SELECT n FROM w;

-- name: Rows78 :many
SELECT 1 UNION SELECT 2;

-- name: Rows79 :many
SELECT 1 UNION SELECT 1;

-- name: Rows80 :many
SELECT id FROM keyed WHERE id = 1 UNION SELECT id FROM keyed WHERE id = 2;

-- name: Rows81 :many
SELECT id FROM keyed WHERE id = 1 UNION ALL SELECT id FROM keyed WHERE id = 2;

-- name: Rows82 :many
SELECT id FROM keyed WHERE id = 1 EXCEPT SELECT id FROM keyed;

-- name: Rows83 :many
SELECT id FROM keyed EXCEPT SELECT id FROM keyed WHERE id = 1;

-- name: Rows84 :many
SELECT id FROM keyed WHERE id = 1 INTERSECT SELECT id FROM keyed;

-- name: Rows85 :many
SELECT id FROM keyed INTERSECT SELECT id FROM keyed WHERE id = 1;

-- name: Rows86 :many
SELECT id FROM keyed INTERSECT SELECT id FROM keyed;

-- name: Rows87 :many
SELECT s.id FROM (SELECT id FROM keyed UNION SELECT n FROM loose) s WHERE s.id = @id;

-- name: Rows88 :many
SELECT s.id FROM (SELECT id FROM keyed UNION ALL SELECT n FROM loose) s WHERE s.id = @id;

-- name: Rows89 :many
SELECT s.id FROM (SELECT id, a FROM keyed UNION SELECT n, n FROM loose) s WHERE s.id = @id;

-- name: Rows90 :many
SELECT s.id FROM (SELECT id, 1 AS kind FROM keyed UNION ALL SELECT id, 2 FROM items) s WHERE s.id = @id AND s.kind = @kind;

-- name: Rows91 :many
SELECT s.id FROM (SELECT id, 1 AS kind FROM keyed UNION ALL SELECT id, 1 FROM items) s WHERE s.id = @id AND s.kind = @kind;

-- name: Rows92 :many
SELECT x FROM (VALUES (1)) v(x);

-- name: Rows93 :many
SELECT x FROM (VALUES (1), (2)) v(x);

-- name: Rows94 :many
VALUES (1);

-- name: Rows95 :many
VALUES (1), (2);

-- name: Rows96 :many
SELECT 1;

-- name: Rows97 :many
SELECT several();

-- name: Rows98 :many
SELECT single();

-- name: Rows99 :many
SELECT s FROM several() s;

-- name: Rows100 :many
SELECT s FROM single() s;

-- name: Rows101 :many
SELECT k.code FROM keyed k, single() s WHERE k.id = s;

-- name: Rows102 :many
SELECT k.code FROM keyed k, several() s WHERE k.id = s;

-- name: Rows103 :many
SELECT g FROM generate_series(1, 2) g;

-- name: Rows104 :many
SELECT unnest(@texts::text[]);

-- name: Rows105 :many
SELECT id, generate_series(1, 2) FROM keyed WHERE id = @id;

-- name: Rows106 :many
SELECT (SELECT n FROM loose LIMIT 1);

-- name: Rows107 :many
INSERT INTO loose VALUES (1, 'a') RETURNING n;

-- name: Rows108 :many
INSERT INTO loose VALUES (1, 'a'), (2, 'b') RETURNING n;

-- name: Rows109 :many
INSERT INTO loose SELECT id FROM keyed WHERE id = @id RETURNING n;

-- name: Rows110 :many
INSERT INTO loose SELECT id FROM keyed RETURNING n;

-- name: Rows111 :many
INSERT INTO loose DEFAULT VALUES RETURNING n;

-- name: Rows112 :many
INSERT INTO keyed (id, code, b, live, slug) VALUES (@id, @code, 1, true, 's') ON CONFLICT DO NOTHING RETURNING id;

-- name: Rows113 :many
INSERT INTO keyed (id, code, b, live, slug) VALUES (@id, @code, 1, true, 's') ON CONFLICT (id) DO UPDATE SET code = excluded.code RETURNING id;

-- name: Rows114 :many
INSERT INTO keyed (id, code, b, live, slug) VALUES (@id, @code, 1, true, 's') ON CONFLICT (id) DO UPDATE SET code = excluded.code WHERE keyed.live RETURNING id;

-- name: Rows115 :many
UPDATE keyed SET nick = @nick WHERE id = @id RETURNING id;

-- name: Rows116 :many
UPDATE keyed SET id = @new WHERE code = @code RETURNING id;

-- name: Rows117 :many
UPDATE keyed SET nick = @nick WHERE b = @b RETURNING id;

-- name: Rows118 :many
UPDATE keyed k SET nick = i.note FROM items i WHERE k.id = i.keyed_id AND i.id = @id RETURNING k.id;

-- name: Rows119 :many
UPDATE keyed k SET nick = i.note FROM items i WHERE k.id = @id AND i.keyed_id = k.id RETURNING k.id;

-- name: Rows120 :many
DELETE FROM keyed WHERE id = @id RETURNING id;

-- name: Rows121 :many
DELETE FROM items USING keyed k WHERE k.id = @id AND items.keyed_id = k.id RETURNING items.id;

-- name: Rows122 :many
DELETE FROM parent WHERE id = @id RETURNING id;

-- name: Rows123 :many
MERGE INTO keyed k USING items i ON k.id = i.keyed_id AND i.id = @id WHEN MATCHED THEN DELETE RETURNING k.id;

-- name: Rows124 :exec
UPDATE keyed SET nick = 'x' WHERE id = @id;

-- name: Rows125 :many
SELECT id FROM pg_class WHERE oid = @oid;

-- name: Rows126 :many
SELECT relname FROM pg_catalog.pg_class WHERE oid = @oid;

-- name: Rows127 :many
SELECT j.* FROM JSON_TABLE('[1]', '$[*]' COLUMNS (n int PATH '$')) j;

-- name: Rows128 :many
SELECT id FROM keyed TABLESAMPLE BERNOULLI (10) WHERE id = @id;

-- name: Rows129 :many
SELECT a.id FROM keyed a JOIN keyed b ON b.id = a.id WHERE a.id = @id;

-- name: Rows130 :many
SELECT a.id FROM keyed a JOIN keyed b ON b.id = a.b WHERE a.id = @id;

-- name: Rows131 :many
SELECT a.id FROM keyed a JOIN keyed b USING (id) WHERE id = @id;

-- name: Rows132 :many
SELECT a.id FROM keyed a NATURAL JOIN items b WHERE a.id = @id;

-- name: Rows133 :many
SELECT k.id FROM keyed k CROSS JOIN LATERAL (SELECT note FROM items i WHERE i.keyed_id = k.id LIMIT 1) s WHERE k.id = @id;

-- name: Rows134 :many
SELECT k.id FROM keyed k CROSS JOIN LATERAL (SELECT note FROM items i WHERE i.keyed_id = k.id) s WHERE k.id = @id;

-- name: Page0 :page
SELECT id, code FROM keyed ORDER BY id;

-- name: Page1 :page
SELECT id, code FROM keyed ORDER BY code;

-- name: Page2 :page
SELECT id, nick FROM keyed ORDER BY nick;

-- name: Page3 :page
SELECT id, alone FROM keyed ORDER BY alone;

-- name: Page4 :page
SELECT id, nick FROM keyed ORDER BY nick DESC NULLS LAST, id;

-- name: Page5 :page
SELECT a, b FROM keyed ORDER BY a, b;

-- name: Page6 :page
SELECT id, place, keyed_id FROM items ORDER BY keyed_id, place;

-- name: Page7 :page
SELECT id, place FROM items WHERE keyed_id = @keyed_id ORDER BY place;

-- name: Page8 :page
SELECT id, note FROM items ORDER BY note;

-- name: Page9 :page
SELECT n, note FROM loose ORDER BY n, note;

-- name: Page10 :page
SELECT DISTINCT n, note FROM loose ORDER BY n, note;

-- name: Page11 :page
SELECT DISTINCT ON (n) n, note FROM loose ORDER BY n, note;

-- name: Page12 :page
SELECT note, count(*) AS total FROM loose GROUP BY note ORDER BY note;

-- name: Page13 :page
SELECT note, count(*) AS total FROM loose GROUP BY note ORDER BY count(*), note;

-- name: Page14 :page
SELECT note, count(*) AS total FROM loose GROUP BY note ORDER BY count(*);

-- name: Page15 :page
SELECT k.id, i.id AS item FROM keyed k LEFT JOIN items i ON i.keyed_id = k.id ORDER BY k.id, i.id;

-- name: Page16 :page
SELECT k.id, i.id AS item FROM keyed k LEFT JOIN items i ON i.keyed_id = k.id ORDER BY k.id;

-- name: Page17 :page
SELECT k.id, i.id AS item FROM keyed k JOIN items i ON i.keyed_id = k.id ORDER BY i.id;

-- name: Page18 :page
SELECT id FROM parent ORDER BY id;

-- name: Page19 :page
SELECT id FROM ONLY parent ORDER BY id;

-- name: Page20 :page
SELECT id, kind FROM parted ORDER BY id, kind;

-- name: Page21 :page
SELECT id, kind FROM parted ORDER BY id;

-- name: Page22 :page
SELECT id, 1 AS kind FROM keyed UNION ALL SELECT id, 2 FROM items ORDER BY kind, id;

-- name: Page23 :page
SELECT id, 1 AS kind FROM keyed UNION ALL SELECT id, 1 FROM items ORDER BY kind, id;

-- name: Page24 :page
SELECT id FROM keyed UNION SELECT id FROM items ORDER BY id;

-- name: Page25 :page
SELECT s.id, s.n FROM (SELECT id, row_number() OVER () AS n FROM keyed) s ORDER BY s.id;

-- name: Page26 :page
SELECT id FROM keyed WHERE random() < 0.5 ORDER BY id;

-- name: Page27 :page
SELECT id, now() AS t FROM keyed ORDER BY t, id;

-- name: Page28 :page
SELECT id FROM keyed TABLESAMPLE BERNOULLI (10) ORDER BY id;

-- name: Page29 :page
SELECT id FROM keyed ORDER BY id LIMIT 5;

-- name: Page30 :page
SELECT id, (SELECT max(place) FROM items i WHERE i.keyed_id = k.id) AS most FROM keyed k ORDER BY most DESC, id;

-- name: Page31 :page
SELECT keyed_id, n FROM grouped ORDER BY keyed_id;

-- name: Page32 :page
SELECT lower(slug) AS low, id FROM keyed ORDER BY lower(slug);

-- name: Page33 :page
SELECT id, row(a, b) AS pair FROM keyed ORDER BY pair, id;

-- name: Page34 :page
SELECT id, live FROM keyed ORDER BY live, id;

-- name: Page35 :page
SELECT id FROM keyed ORDER BY id USING >;

-- name: Page36 :page
SELECT id FROM keyed ORDER BY code;

-- name: Page37 :page
SELECT k.id FROM keyed k FOR UPDATE;

-- name: Inner0 :page
SELECT id, row_number() OVER (ORDER BY code) AS n FROM keyed ORDER BY id;

-- name: Inner1 :page
SELECT id, row_number() OVER (ORDER BY b) AS n FROM keyed ORDER BY id;

-- name: Inner2 :page
SELECT s.id FROM (SELECT id FROM keyed ORDER BY code LIMIT 5) s ORDER BY s.id;

-- name: Inner3 :page
SELECT s.id FROM (SELECT id FROM keyed ORDER BY b LIMIT 5) s ORDER BY s.id;
