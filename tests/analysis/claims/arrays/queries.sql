-- name: Arrays1 :exec
SELECT * FROM a;

-- name: Arrays2 :exec
SELECT tags, own FROM parent;

-- name: Arrays3 :exec
SELECT tags, own FROM child;

-- name: Arrays4 :exec
SELECT found, raw, names FROM seen;

-- name: Arrays5 :exec
SELECT found, raw, parts FROM kept;

-- name: Arrays6 :exec
SELECT x, y FROM (SELECT found AS x, raw AS y FROM a) s;

-- name: Arrays7 :exec
WITH s AS (SELECT found AS x, raw AS y FROM a) SELECT x, y FROM s;

-- name: Arrays8 :exec
SELECT l.found, r.raw FROM a l LEFT JOIN a r ON r.id = l.id;

-- name: Arrays9 :exec
SELECT found || among AS x, found || raw AS y FROM a;

-- name: Arrays10 :exec
SELECT found || name AS x, found || note AS y FROM a;

-- name: Arrays11 :exec
SELECT name || found AS x, NULL || found AS y FROM a;

-- name: Arrays12 :exec
SELECT array_append(found, name) AS x, array_append(found, note) AS y FROM a;

-- name: Arrays13 :exec
SELECT array_remove(raw, NULL) AS x, array_remove(raw, 'x') AS y FROM a;

-- name: Arrays14 :exec
SELECT array_replace(raw, NULL, 'x') AS x, array_replace(found, 'x', note) AS y FROM a;

-- name: Arrays15 :exec
SELECT string_to_array(name, ',') AS x, string_to_array(name, ',', NULL) AS y, string_to_array(name, ',', 'x') AS z FROM a;

-- name: Arrays16 :exec
SELECT regexp_split_to_array(name, ',') AS x FROM a;

-- name: Arrays17 :exec
SELECT regexp_match(name, '(a)|(b)') AS x FROM a;

-- name: Arrays18 :exec
SELECT array_fill(1, '{2}') AS x, array_positions(raw, 'x') AS y FROM a;

-- name: Arrays19 :exec
SELECT coalesce(found, '{}') AS x, coalesce(found, '{NULL}') AS y FROM a;

-- name: Arrays20 :exec
SELECT CASE WHEN id > 1 THEN found ELSE among END AS x FROM a;

-- name: Arrays21 :exec
SELECT CASE WHEN id > 1 THEN found ELSE raw END AS x FROM a;

-- name: Arrays22 :exec
SELECT found[1:2] AS x, raw[1:2] AS y FROM a;

-- name: Arrays23 :exec
SELECT max(found) AS x, max(raw) AS y FROM a;

-- name: Arrays24 :exec
SELECT lag(found) OVER () AS x, lag(raw) OVER () AS y FROM a;

-- name: Arrays25 :exec
SELECT array_agg(found) AS x, array_agg(raw) AS y FROM a;

-- name: Arrays26 :exec
SELECT ARRAY[found, among] AS x, ARRAY[found, raw] AS y FROM a;

-- name: Arrays27 :exec
SELECT ARRAY(SELECT found FROM a) AS x, ARRAY(SELECT raw FROM a) AS y;

-- name: Arrays28 :exec
SELECT (SELECT found FROM a LIMIT 1) AS x, (SELECT raw FROM a LIMIT 1) AS y;

-- name: Arrays29 :exec
SELECT found FROM a UNION SELECT among FROM a;

-- name: Arrays30 :exec
SELECT found FROM a UNION SELECT raw FROM a;

-- name: Arrays31 :exec
SELECT found FROM a EXCEPT SELECT raw FROM a;

-- name: Arrays32 :exec
SELECT raw FROM a INTERSECT SELECT found FROM a;

-- name: Arrays33 :exec
SELECT x, y FROM (VALUES (ARRAY[1], ARRAY[1, NULL])) v (x, y);

-- name: Arrays34 :exec
SELECT (held).words AS x FROM a;

-- name: Arrays35 :exec
SELECT clean::text[] AS x, raw::clean::text[] AS y, loose::text[] AS z FROM a;

-- name: Arrays36 :exec
SELECT giving() AS x;

-- name: Arrays37 :exec
SELECT '{a,b}'::text[] AS x, '{a,NULL}'::text[] AS y;

-- name: Arrays38 :exec
SELECT raw::varchar[] AS x, found::varchar[] AS y FROM a;

-- name: Arrays39 :exec
SELECT note::text[] AS x FROM a;

-- name: Arrays40 :exec
INSERT INTO a (id) VALUES (1) RETURNING found, raw;

-- name: Arrays41 :exec
WITH RECURSIVE w AS (SELECT id, ARRAY[id] AS path, raw FROM a UNION ALL SELECT a.id, path || a.id, w.raw FROM w JOIN a ON a.id > w.id) SELECT path, raw FROM w;

-- name: Arrays42 :exec
WITH RECURSIVE w AS (SELECT ARRAY[1] AS x, ARRAY[NULL::int] AS y UNION ALL SELECT y, x FROM w) SELECT x, y FROM w;

-- name: Arrays43 :exec
SELECT @x::text[] AS x, $2::text[] || note AS y FROM a;

-- name: Arrays44 :exec
SELECT unnest(found) FROM a;

-- name: Arrays45 :exec
SELECT unnest(raw) FROM a;

-- name: Arrays46 :exec
SELECT x FROM a, unnest(found) x;

-- name: Arrays47 :exec
SELECT unnest(@x::text[]);

-- name: Arrays48 :exec
SELECT x FROM unnest(@x::text[]) x;

-- name: Arrays49 :exec
INSERT INTO a (id, found, raw, clean, loose) VALUES ($1, $2, $3, $4, $5);

-- name: Arrays50 :exec
UPDATE a SET raw = $1, found = $2;

-- name: Arrays51 :exec
UPDATE a SET raw = CASE WHEN @set THEN @raw ELSE raw END;

-- name: Arrays52 :exec
UPDATE a SET raw = raw || @raw::text[], found = found || @found::text[];

-- name: Arrays53 :exec
SELECT 1 FROM a WHERE id = ANY(@ids) AND raw && @some AND raw @> @all_of;

-- name: Arrays54 :exec
SELECT 1 FROM a WHERE raw = @raw AND found = @found;

-- name: Arrays55 :exec
UPDATE a SET raw = @raw WHERE note = ANY(@raw);

-- name: Arrays56 :exec
INSERT INTO a (id, name, note) SELECT * FROM unnest(@a::int[], @b::text[], @c::text[]);

-- name: Arrays57 :exec
INSERT INTO a (id, name, note) SELECT unnest(@a::int[]), 'x', unnest(@c::text[]);

-- name: Arrays58 :exec
INSERT INTO a (id, name, note) SELECT u.i, 'x', lower(u.c) FROM ROWS FROM (unnest(@a::int[]), unnest(@c::text[])) WITH ORDINALITY AS u (i, c, n);

-- name: Arrays59 :exec
WITH w AS (SELECT * FROM unnest(@a::int[], @c::text[]) AS u (i, c)) UPDATE a SET note = w.c FROM w WHERE a.id = w.i;

-- name: Arrays60 :exec
UPDATE a SET note = u.c FROM unnest(@c::text[]) AS u (c) WHERE a.name = u.c;

-- name: Arrays61 :exec
INSERT INTO a (id, name, note) SELECT i, (@b::text[])[i], (@c::text[])[i] FROM generate_subscripts(@b::text[], 1) i;

-- name: Arrays62 :exec
SELECT unnest(@x::text[]);

-- name: Arrays63 :exec
MERGE INTO a USING unnest(@i::int[], @b::text[], @c::text[]) AS u (i, b, c) ON a.id = u.i WHEN MATCHED THEN UPDATE SET note = u.c WHEN NOT MATCHED THEN INSERT (id, name, raw) VALUES (u.i, u.b, @raw);

-- name: Arrays64 :exec
SELECT a AS x, array_agg(a) OVER () AS y FROM a;

-- name: Arrays65 :exec
SELECT find(1) AS x, ARRAY[find(1)] AS y, rows FROM archive;

-- name: Arrays66 :exec
SELECT coalesce(find(1), a) AS x, coalesce(a, a) AS y FROM a;

-- name: Arrays67 :exec
SELECT x, y FROM (SELECT a AS x, find(1) AS y FROM a) s;

-- name: Arrays68 :exec
SELECT x, f FROM a AS x, find(1) AS f;

-- name: Arrays69 :exec
SELECT ROW(1, 'x')::pair AS x, ROW(1, NULL)::pair AS y;

-- name: Arrays70 :exec
SELECT unnest(array_agg(a)) AS x, unnest(ARRAY[find(1)]) AS y FROM a;

-- name: Arrays71 :exec
SELECT a AS x FROM a UNION ALL SELECT find(1);

-- name: Arrays72 :exec
SELECT ARRAY(SELECT a FROM a) AS x, ARRAY(SELECT find(id) FROM a) AS y;

-- name: Arrays73 :exec
SELECT (SELECT a FROM a LIMIT 1) AS x, @p::a AS y;

-- name: Arrays74 :exec
SELECT jsonb_populate_record(NULL::a, '{}') AS x;
