-- Everything that analysis asks of a database, as one document.
-- $1: oids of relations to read beside those that users and extensions made.
-- Objects below oid 16384 came with the server. In json an oid is a string and a
-- bigint is a number.
WITH RECURSIVE
relation AS (
    SELECT c.*, n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
      AND (
        c.oid = ANY ($1)
        OR (c.oid >= 16384
            AND (c.relpersistence <> 't' OR c.relnamespace = pg_my_temp_schema()))
      )
),
descendant (ancestor, oid) AS (
    SELECT inhparent, inhrelid FROM pg_inherits
    UNION
    SELECT d.ancestor, i.inhrelid
    FROM descendant d JOIN pg_inherits i ON i.inhparent = d.oid
),
-- From 18 on attnotnull is set by a constraint that existing rows may still violate;
-- a foreign table's NOT NULL is a promise that nobody checks.
not_validated AS (
    SELECT conrelid, conkey[1] AS attnum
    FROM pg_constraint WHERE contype = 'n' AND NOT convalidated AND conrelid <> 0
),
attribute AS (
    SELECT a.*,
           a.attnotnull AND c.relkind <> 'f' AND (a.attrelid, a.attnum) NOT IN (
               SELECT conrelid, attnum FROM not_validated
           ) AS proved
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped
      AND (c.oid IN (SELECT oid FROM relation) OR c.oid IN (SELECT oid FROM descendant))
),
-- Children keep a column's name, not its number.
doubted AS (
    SELECT DISTINCT d.ancestor, a.attname
    FROM descendant d JOIN attribute a ON a.attrelid = d.oid
    WHERE NOT a.proved
),
comment AS (
    SELECT objoid, classoid, objsubid, description
    FROM pg_description
    WHERE classoid IN ('pg_class'::regclass, 'pg_type'::regclass)
      AND (objoid >= 16384 OR objoid = ANY ($1))
),
columns AS (
    SELECT a.attrelid, json_agg(json_build_array(
        a.attnum, a.attname, a.atttypid::bigint, a.atttypmod,
        a.proved AND NOT EXISTS (
            SELECT FROM doubted d
            WHERE d.ancestor = a.attrelid AND d.attname = a.attname
        ),
        a.proved,
        a.atthasdef AND a.attgenerated = '',
        concat(a.attgenerated, a.attidentity),
        k.description
    ) ORDER BY a.attnum) AS list
    FROM attribute a
    JOIN relation r ON r.oid = a.attrelid
    LEFT JOIN comment k ON k.objoid = a.attrelid AND k.objsubid = a.attnum
        AND k.classoid = 'pg_class'::regclass
    GROUP BY a.attrelid
),
-- From 18 on a constraint may be there without being enforced.
constraints AS (
    SELECT o.relation, json_agg(json_build_array(
        o.name, o.kind, o.columns, o.definition, o.validated, o.deferrable,
        o.referenced, o.referenced_columns, o.on_delete, o.on_update, o.constraint_oid
    ) ORDER BY o.name, o.kind) AS list
    FROM (
        SELECT conrelid AS relation, conname AS name, contype AS kind,
               coalesce(conkey, '{}') AS columns, pg_get_constraintdef(oid) AS definition,
               convalidated AS validated, condeferrable AS deferrable,
               nullif(confrelid::bigint, 0) AS referenced,
               coalesce(confkey, '{}') AS referenced_columns,
               trim(confdeltype::text) AS on_delete, trim(confupdtype::text) AS on_update,
               oid::bigint AS constraint_oid
        FROM pg_constraint k
        WHERE contype IN ('p', 'u', 'f', 'c', 'x', 'n')
          AND conrelid IN (SELECT oid FROM relation)
          AND (convalidated
               OR coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true))
        UNION ALL
        SELECT i.indrelid, c.relname, 'u',
               ARRAY(SELECT n FROM unnest(i.indkey[0:i.indnkeyatts - 1]) n WHERE n > 0),
               regexp_replace(pg_get_indexdef(i.indexrelid),
                              '^CREATE UNIQUE INDEX .*? USING btree ', 'UNIQUE '),
               true, false, NULL, '{}', '', '', 0
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indisunique AND i.indrelid IN (SELECT oid FROM relation)
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid
                          AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x'))
    ) o
    GROUP BY o.relation
),
indexes AS (
    SELECT i.indrelid, json_agg(json_build_array(
        c.relname,
        i.indkey[0:i.indnkeyatts - 1],
        ARRAY(
            SELECT o.opcfamily::bigint
            FROM unnest(i.indclass[0:i.indnkeyatts - 1]) WITH ORDINALITY u (opclass, place)
            JOIN pg_opclass o ON o.oid = u.opclass
            ORDER BY u.place
        ),
        i.indisunique AND i.indimmediate AND i.indisvalid AND i.indisready,
        i.indisprimary,
        i.indisunique
            AND coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
        pg_get_expr(i.indpred, i.indrelid),
        CASE WHEN i.indisunique THEN i.indpred::text END
    ) ORDER BY c.relname) AS list
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT oid FROM relation)
    GROUP BY i.indrelid
),
-- A row written through a parent meets the triggers of the child that takes it.
triggers AS (
    SELECT o.relation, json_agg(
        json_build_array(t.tgname, t.tgtype) ORDER BY t.tgname, t.tgrelid
    ) AS list
    FROM (SELECT oid AS relation, oid FROM relation
          UNION ALL SELECT ancestor, oid FROM descendant) o
    JOIN pg_trigger t ON t.tgrelid = o.oid
    WHERE NOT t.tgisinternal AND (o.relation = o.oid OR t.tgparentid = 0)
    GROUP BY o.relation
),
type AS (
    SELECT t.*, n.nspname, e.oid AS element
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
    WHERE coalesce(e.typrelid, t.typrelid) = 0
       OR coalesce(e.typrelid, t.typrelid) IN (SELECT oid FROM relation)
),
labels AS (
    SELECT enumtypid, json_agg(enumlabel ORDER BY enumsortorder) AS list
    FROM pg_enum GROUP BY enumtypid
),
named AS (
    SELECT p.*, ARRAY(
        SELECT coalesce(p.proargnames[u.place], '')
        FROM generate_series(1, coalesce(array_length(p.proargmodes, 1), p.pronargs)) u (place)
        WHERE coalesce(p.proargmodes[u.place], 'i') IN ('i', 'b', 'v')
        ORDER BY u.place
    ) AS inputs
    FROM pg_proc p
    WHERE p.oid >= 16384
)
SELECT json_build_object(
    'version', current_setting('server_version_num')::int,
    'encoding', current_setting('server_encoding'),
    'search_path', current_schemas(false),
    'extensions', ARRAY(SELECT extname FROM pg_extension ORDER BY extname),
    'types', (
        SELECT json_agg(json_build_array(
            t.oid::bigint, t.nspname, t.typname, format_type(t.oid, NULL), t.typtype,
            t.element::bigint, t.typrelid::bigint, t.typbasetype::bigint, t.typnotnull,
            coalesce(r.rngsubtype, m.rngtypid)::bigint, l.list, k.description
        ) ORDER BY t.oid)
        FROM type t
        LEFT JOIN pg_range r ON r.rngtypid = t.oid
        LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
        LEFT JOIN labels l ON l.enumtypid = t.oid
        LEFT JOIN comment k ON k.objoid = t.oid AND k.classoid = 'pg_type'::regclass
    ),
    'relations', (
        SELECT json_agg(json_build_array(
            r.oid::bigint, r.nspname, r.relname, r.relkind, a.list, o.list, i.list, g.list,
            EXISTS (SELECT FROM descendant d WHERE d.ancestor = r.oid),
            r.relrowsecurity, r.reltype::bigint, k.description,
            CASE r.relkind WHEN 'm' THEN pg_get_viewdef(r.oid) END
        ) ORDER BY r.oid)
        FROM relation r
        LEFT JOIN columns a ON a.attrelid = r.oid
        LEFT JOIN constraints o ON o.relation = r.oid
        LEFT JOIN indexes i ON i.indrelid = r.oid
        LEFT JOIN triggers g ON g.relation = r.oid
        LEFT JOIN comment k ON k.objoid = r.oid AND k.objsubid = 0
            AND k.classoid = 'pg_class'::regclass
    ),
    'functions', (
        SELECT json_agg(json_build_array(
            p.oid::bigint, n.nspname, p.proname, p.inputs, p.proisstrict, p.provolatile,
            p.prokind, p.proretset
        ) ORDER BY p.oid)
        FROM named p JOIN pg_namespace n ON n.oid = p.pronamespace
    ),
    'keywords', (
        SELECT json_agg(word ORDER BY word) FROM pg_get_keywords() WHERE catcode <> 'U'
    ),
    'equality', (
        SELECT json_object_agg(o.amopopr, o.families ORDER BY o.amopopr)
        FROM (
            SELECT a.amopopr, array_agg(a.amopfamily::bigint ORDER BY a.amopfamily) AS families
            FROM pg_amop a JOIN pg_am m ON m.oid = a.amopmethod
            WHERE (m.amname, a.amopstrategy) IN (('btree', 3), ('hash', 1))
            GROUP BY a.amopopr
        ) o
    )
)::text
