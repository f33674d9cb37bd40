-- name: Rules1 :many
INSERT INTO parents (id, name, tags, note) VALUES ($1, $2, $3, $4) RETURNING id, note;

-- name: Rules2 :many
SELECT lower(s.t) FROM (SELECT p.note AS t FROM parents p LEFT JOIN children c ON c.id = p.id WHERE c.note = p.note) s;

-- name: Rules3 :many
SELECT c.title FROM parents p LEFT JOIN children c ON c.id = p.id;

-- name: Rules4 :many
SELECT name FROM parents;

-- name: Rules5 :many
SELECT p.name FROM children c LEFT JOIN parents p ON p.id = parent_id;

-- name: Rules6 :many
SELECT p.name FROM children c LEFT JOIN parents p ON p.id = friend_id;

-- name: Rules7 :many
SELECT p.name FROM children c LEFT JOIN parents p ON p.id = later_id;

-- name: Rules8 :many
SELECT p.name FROM children c LEFT JOIN parents p ON p.id = friend_id WHERE friend_id IS NOT NULL;

-- name: Rules9 :many
SELECT p.name FROM children c LEFT JOIN parents p ON p.id = parent_id AND p.note = 'x';

-- name: Rules10 :many
SELECT p.name FROM children c LEFT JOIN parents p ON p.id = parent_id FOR UPDATE OF c;

-- name: Rules11 :many
SELECT name FROM seen LEFT JOIN hidden h ON h.id = hidden_id;

-- name: Rules12 :many
SELECT (SELECT name FROM parents p WHERE p.id = c.parent_id) FROM children c;

-- name: Rules13 :many
SELECT (SELECT name FROM parents p WHERE p.id = c.parent_id) FROM parents x LEFT JOIN children c ON c.id = x.id;

-- name: Rules14 :many
SELECT note FROM parents p WHERE EXISTS (SELECT FROM children c WHERE c.title = p.note);

-- name: Rules15 :many
SELECT note FROM parents p WHERE EXISTS (SELECT count(*) FROM children c WHERE c.title = p.note);

-- name: Rules16 :many
SELECT (SELECT coalesce(max(c.title), p.note) FROM children c WHERE c.title = p.note) FROM parents p;

-- name: Rules17 :many
SELECT f FROM (SELECT note, max(note) OVER () f FROM parents) s WHERE note IS NOT NULL;

-- name: Rules18 :many
SELECT first_value(note) OVER () FROM parents WHERE note IS NOT NULL;

-- name: Rules19 :many
SELECT CASE WHEN note <> '' THEN max(note) OVER () END FROM parents;

-- name: Rules20 :many
SELECT CASE WHEN note IS NULL THEN '' ELSE note END FROM parents;

-- name: Rules21 :many
SELECT CASE note WHEN 'a' THEN note ELSE '' END FROM parents;

-- name: Rules22 :many
SELECT CASE WHEN note IS NULL THEN note ELSE '' END FROM parents;

-- name: Rules23 :many
SELECT note IS NOT NULL AND note > 'a' FROM parents;

-- name: Rules24 :many
SELECT note IS NULL OR note > 'a' FROM parents;

-- name: Rules25 :many
SELECT note IS NULL AND note > 'a' FROM parents;

-- name: Rules26 :many
SELECT note FROM parents WHERE CASE WHEN note IS NULL THEN false ELSE true END;

-- name: Rules27 :many
SELECT note FROM parents WHERE (note, name) IS NOT NULL;

-- name: Rules28 :many
SELECT note FROM parents WHERE NOT ((note, name) IS NULL);

-- name: Rules29 :many
SELECT mine(id), mine(friend_id) FROM children;

-- name: Rules30 :many
SELECT note FROM parents WHERE mine(length(note)) = 1;

-- name: Rules31 :many
SELECT concat(VARIADIC NULL::text[]), num_nulls(VARIADIC '{1}'::int[]);

-- name: Rules32 :many
SELECT extract(year FROM born), extract(month FROM born), date_part('epoch', born) FROM parents;

-- name: Rules33 :many
SELECT ntile($1) OVER (), ntile(NULL) OVER () FROM parents;

-- name: Rules34 :many
SELECT unnest(ARRAY['a', 'b']), unnest(ARRAY['a']);

-- name: Rules35 :many
SELECT unnest(ARRAY['a', 'b']);

-- name: Rules36 :many
SELECT unnest(ARRAY['a', NULL]);

-- name: Rules37 :many
SELECT unnest('{a,b}'::text[]);

-- name: Rules38 :many
SELECT unnest('{a,NULL}'::text[]);

-- name: Rules39 :many
SELECT unnest(tags) FROM parents;

-- name: Rules40 :many
SELECT e.key, e.value FROM parents, jsonb_each(doc) e;

-- name: Rules41 :many
SELECT e.key, e.value FROM parents, jsonb_each_text(doc) e;

-- name: Rules42 :many
SELECT a, b FROM ROWS FROM (generate_series(1, 2), now()) x(a, b);

-- name: Rules43 :many
SELECT a, n FROM generate_series(1, 2) WITH ORDINALITY x(a, n);

-- name: Rules44 :many
SELECT name = ANY (tags), name = ANY ('{a}'::text[]) FROM parents;

-- name: Rules45 :many
SELECT id IN (SELECT friend_id FROM children), id IN (SELECT parent_id FROM children) FROM parents;

-- name: Rules46 :many
SELECT NULL::int::positive, $1::positive;

-- name: Rules47 :many
SELECT name, note FROM parents WHERE note <> '' GROUP BY GROUPING SETS ((name, note), (name));

-- name: Rules48 :many
SELECT name FROM parents GROUP BY ROLLUP (name) HAVING name <> '';

-- name: Rules49 :many
SELECT max(name) FROM parents HAVING 0 < count(*);

-- name: Rules50 :many
SELECT max(name) FROM parents HAVING count(*) >= 0;

-- name: Rules51 :many
SELECT sum(id) FROM parents GROUP BY ();

-- name: Rules52 :many
SELECT max(name) FROM parents HAVING count(*) > NULL;

-- name: Rules53 :many
SELECT max(name) FROM parents HAVING length(max(name)) > 0;

-- name: Rules54 :many
SELECT (SELECT max(title) FROM children HAVING count(p.id) > 0) FROM parents p;

-- name: Rules55 :many
SELECT string_agg(name, note) FROM parents GROUP BY id;

-- name: Rules56 :many
SELECT string_agg(note, name) FROM parents GROUP BY id;

-- name: Rules57 :many
SELECT nullif(note, 'a') FROM parents WHERE nullif(note, 'a') <> 'b';

-- name: Rules58 :many
SELECT nullif(note, 'b') FROM parents WHERE nullif(note, 'a') <> 'b';

-- name: Rules59 :many
SELECT parent_id, n, note FROM counts;

-- name: Rules60 :many
SELECT b FROM (SELECT note AS a, note AS b FROM parents UNION ALL SELECT title, title FROM children) s WHERE a IS NOT NULL;

-- name: Rules61 :many
INSERT INTO watched VALUES (1, 'x') RETURNING id, note;

-- name: Rules62 :many
UPDATE watched SET note = 'x' RETURNING id, note;

-- name: Rules63 :many
DELETE FROM watched WHERE note = 'x' RETURNING note;

-- name: Rules64 :many
INSERT INTO parts VALUES (1, 'x') RETURNING id, note;

-- name: Rules65 :many
UPDATE children SET note = '' RETURNING total;

-- name: Rules66 :many
UPDATE children SET title = '' RETURNING total;

-- name: Rules67 :many
UPDATE children SET title = '' WHERE note <> '' RETURNING total;

-- name: Rules68 :many
UPDATE parents SET note = note || 'x' RETURNING note;

-- name: Rules69 :many
UPDATE parents SET note = note || 'x' WHERE note <> '' RETURNING note;

-- name: Rules70 :many
UPDATE parents SET name = 'x' WHERE note <> '' RETURNING note;

-- name: Rules71 :many
UPDATE parents SET (name, note) = (SELECT 'a', count(*)) RETURNING note;

-- name: Rules72 :many
INSERT INTO parents (id, name, tags, note) VALUES (1, 'a', '{}', 'b') ON CONFLICT (id) DO UPDATE SET note = excluded.note RETURNING note;

-- name: Rules73 :many
INSERT INTO parents (id, name, tags, note) VALUES (1, 'a', '{}', 'b') ON CONFLICT (id) DO UPDATE SET name = 'c' RETURNING note;

-- name: Rules74 :many
WITH w AS (INSERT INTO parents (id, name, tags) VALUES (1, 'a', '{}') RETURNING id, note) SELECT id, note FROM w;

-- name: Rules75 :many
WITH RECURSIVE t(a, b, c) AS (SELECT 1, 1, 1 UNION ALL SELECT b, nullif(c, 3), c FROM t WHERE a < 9) SELECT a, b, c FROM t;

-- name: Rules76 :many
UPDATE parents SET note = 'x' RETURNING old.note, new.note;

-- name: Rules77 :many
UPDATE parents SET note = NULL WHERE note = 'x' RETURNING old.note;

-- name: Rules78 :many
INSERT INTO pairs VALUES (1, 'b') RETURNING old.id, new.note;

-- name: Rules79 :many
DELETE FROM parents RETURNING old.id, new.id, id;

-- name: Rules80 :many
MERGE INTO parents p USING children c ON c.id = p.id WHEN MATCHED THEN UPDATE SET note = 'x' WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action(), p.id, p.note, c.id;

-- name: Rules81 :many
SELECT 1 FROM parents p LEFT JOIN children c ON c.id = p.id;

-- name: Rules82 :many
SELECT 1 FROM parents p JOIN children c ON c.id = p.id;

-- name: Rules83 :many
SELECT 1 FROM parents p FULL JOIN children c ON c.id = p.id;

-- name: Rules84 :many
SELECT 1 FROM parents p LEFT JOIN children c ON c.id = p.id WHERE c.note > '';
