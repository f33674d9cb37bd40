-- name: Definitions1 :many
SELECT proc(), r.note, o.note FROM rows_of(1) r, whole() o;

-- name: Definitions2 :many
SELECT o.name FROM tasks t LEFT JOIN all_owners o ON o.id = t.owner_id;

-- name: Definitions3 :many
SELECT 1;

-- name: Definitions4 :many
SELECT o.name FROM titled t LEFT JOIN owners o ON o.id = t.owner_id;

-- name: Definitions5 :many
SELECT o.name FROM titled t LEFT JOIN owners o ON o.id = t.helper_id;

-- name: Definitions6 :many
WITH o AS (SELECT id, name FROM owners), t AS (SELECT * FROM tasks) SELECT o.name FROM t LEFT JOIN o ON o.id = t.owner_id;

-- name: Definitions7 :many
SELECT (SELECT o.name FROM all_owners o WHERE o.id = t.owner_id), (SELECT o.name FROM present o WHERE o.id = t.owner_id) FROM tasks t;

-- name: Definitions8 :many
SELECT (SELECT name FROM owners o WHERE o.id = t.owner_id) FROM tasks t GROUP BY t.owner_id;

-- name: Definitions9 :many
SELECT (SELECT name FROM owners o WHERE o.id = t.owner_id) FROM tasks t GROUP BY ROLLUP (t.owner_id);

-- name: Definitions10 :many
SELECT r.name FROM places p LEFT JOIN regions r ON r.id = p.region_id;

-- name: Definitions11 :many
SELECT r.name FROM places p LEFT JOIN region r ON r.id = p.region_id;

-- name: Definitions12 :many
SELECT o.name FROM owners t LEFT JOIN counted o ON o.id = t.id;

-- name: Definitions13 :many
SELECT o.name FROM owners t LEFT JOIN present o ON o.id = t.id;

-- name: Definitions14 :many
SELECT o.a FROM parent t LEFT JOIN ONLY parent o ON o.id = t.id;

-- name: Definitions15 :many
SELECT o.a FROM ONLY parent t LEFT JOIN parent o ON o.id = t.id;

-- name: Definitions16 :many
SELECT a, b, c, d, e, f FROM checked;

-- name: Definitions17 :many
SELECT a, b, g FROM parent;

-- name: Definitions18 :many
SELECT a, b, g FROM ONLY parent;

-- name: Definitions19 :many
SELECT a, b FROM child;

-- name: Definitions20 :many
SELECT a FROM parted;

-- name: Definitions21 :many
INSERT INTO checked (id, a) VALUES (1, $1) RETURNING a, b, f;

-- name: Definitions22 :many
SELECT ab, bb, n FROM made;

-- name: Definitions23 :many
SELECT bb, n FROM made WHERE b IS NOT NULL;

-- name: Definitions24 :many
SELECT m.ab FROM tasks t LEFT JOIN made m ON m.id = t.id;

-- name: Definitions25 :many
INSERT INTO made (id, a, b) VALUES (1, 'a', 'b') RETURNING ab, bb;

-- name: Definitions26 :many
INSERT INTO made (id, a) VALUES (1, 'a') RETURNING ab, bb;

-- name: Definitions27 :many
UPDATE made SET b = NULL WHERE b <> '' RETURNING bb;

-- name: Definitions28 :many
DELETE FROM made WHERE b <> '' RETURNING bb;

-- name: Definitions29 :many
SELECT added(id, 1), added(helper_id, 1), added(title, '') FROM tasks;

-- name: Definitions30 :many
SELECT atomic(id), atomic(b => 1, a => id), atomic(1, NULL) FROM tasks;

-- name: Definitions31 :many
SELECT nothing(), nothing(1), nothing(helper_id) FROM tasks;

-- name: Definitions32 :many
SELECT careful(1, 2), careful(1, NULL), careful(1, helper_id) FROM tasks;

-- name: Definitions33 :many
SELECT title_of(1), how_many(), longest(), last_counts();

-- name: Definitions34 :many
SELECT t FROM titles() t;

-- name: Definitions35 :many
SELECT titles();

-- name: Definitions36 :many
SELECT titles(), titles();

-- name: Definitions37 :many
SELECT t FROM notes() t;

-- name: Definitions38 :many
SELECT id, title, note FROM rows_of(1);

-- name: Definitions39 :many
SELECT r.title FROM tasks t LEFT JOIN rows_of(t.id) r ON true;

-- name: Definitions40 :many
SELECT r.title FROM tasks t CROSS JOIN LATERAL rows_of(t.id) r;

-- name: Definitions41 :many
SELECT (r).title, (r).note FROM (SELECT rows_of(1) AS r) s;

-- name: Definitions42 :many
SELECT (rows_of(1)).title;

-- name: Definitions43 :many
SELECT o2, n FROM of_strict(NULL);

-- name: Definitions44 :many
SELECT id, title, note FROM whole();

-- name: Definitions45 :many
SELECT id, title, note FROM as_row();

-- name: Definitions46 :many
SELECT id, title, note FROM one_whole(1);

-- name: Definitions47 :many
SELECT (one_whole(1)).id;

-- name: Definitions48 :many
SELECT b, c FROM outs(1);

-- name: Definitions49 :many
SELECT b FROM outs(NULL);

-- name: Definitions50 :many
SELECT listed(1, 2), listed(VARIADIC NULL);

-- name: Definitions51 :many
SELECT calls();

-- name: Definitions52 :many
SELECT endless(3);

-- name: Definitions53 :many
SELECT nowhere();

-- name: Definitions54 :many
SELECT written(1), updated(1);

-- name: Definitions55 :many
SELECT timed(now());

-- name: Definitions56 :many
SELECT proc();

-- name: Definitions57 :many
SELECT n FROM elsewhere() n;

-- name: Definitions58 :many
SELECT n FROM team_names() n;

-- name: Definitions59 :many
SELECT n FROM moved() n;

-- name: Definitions60 :many
SELECT (array_agg(title ORDER BY id))[1] FROM tasks GROUP BY owner_id;

-- name: Definitions61 :many
SELECT (array_agg(title ORDER BY id))[2] FROM tasks GROUP BY owner_id;

-- name: Definitions62 :many
SELECT (array_agg(title))[1:1] FROM tasks GROUP BY owner_id;

-- name: Definitions63 :many
SELECT (array_agg(title))[1][1] FROM tasks GROUP BY owner_id;

-- name: Definitions64 :many
SELECT (array_agg(note))[1] FROM tasks GROUP BY owner_id;

-- name: Definitions65 :many
SELECT (array_agg(ARRAY[title]))[1] FROM tasks GROUP BY owner_id;

-- name: Definitions66 :many
SELECT (array_agg(title))[1] FROM tasks;

-- name: Definitions67 :many
SELECT (array_agg(title) FILTER (WHERE id > 1))[1] FROM tasks GROUP BY owner_id;

-- name: Definitions68 :many
SELECT (array_agg(note))[1] FROM tasks WHERE note <> '' GROUP BY owner_id;

-- name: Definitions69 :many
SELECT (array_agg(title) OVER (PARTITION BY owner_id))[1] FROM tasks;

-- name: Definitions70 :many
SELECT (ARRAY[1, NULL])[1], (ARRAY[1, NULL])[2], (ARRAY[1])[2];

-- name: Definitions71 :many
SELECT (ARRAY(SELECT 1))[1], (ARRAY(SELECT id FROM tasks))[1];

-- name: Definitions72 :many
SELECT (ARRAY(SELECT ARRAY[1]))[1];

-- name: Definitions73 :many
SELECT unnest($1::int[]);

-- name: Definitions74 :many
SELECT ab, bb, c FROM made;

-- name: Definitions75 :many
UPDATE made SET b = 'b' RETURNING ab, bb;

-- name: Definitions76 :many
SELECT o.name, o.note;

-- name: Definitions77 :many
SELECT o.title;

-- name: Definitions78 :many
SELECT o.name;

-- name: Definitions79 :many
SELECT o.name, o.team;

-- name: Definitions80 :many
SELECT o.name, o.boss;

-- name: Definitions81 :many
SELECT o.name, o.n;

-- name: Definitions82 :many
SELECT o.name, m.name;

-- name: Definitions83 :many
SELECT p.name FROM points k;

-- name: Definitions84 :many
SELECT s.who FROM uses u;

-- name: Definitions85 :many
SELECT a FROM docs, JSON_TABLE(doc, '$[*]' COLUMNS (;
