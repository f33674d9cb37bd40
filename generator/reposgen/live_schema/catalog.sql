-- Reads everything that analysis needs of a database, as one document.
-- $1: oids of system relations to read as well.
-- The first statement sets search_path so that all names in the query are the server's
-- own, even if a user has objects of the same name. The document contains names of types
-- and texts of definitions in terms of the user's search_path, which is restored first.
SELECT pg_catalog.set_config('reposgen.search_path',
                             pg_catalog.current_setting('search_path'), true),
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
-- Objects with an oid below 16384 are built in. In JSON, an oid is a string and a
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
children AS (
    SELECT inhparent, json_agg(inhrelid::bigint ORDER BY inhrelid) AS list
    FROM pg_inherits GROUP BY inhparent
),
-- Since PostgreSQL 18, a NOT VALID constraint sets attnotnull although existing rows
-- can violate it. A foreign table's NOT NULL is not enforced.
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
-- A child's column has the name of the parent's, but can have another number.
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
        k.description,
        CASE WHEN x.adbin IS NOT NULL THEN (
            SELECT json_agg(DISTINCT m[1]::int)
            FROM regexp_matches(x.adbin::text, ':varattno (-?\d+)', 'g') m
        ) END,
        x.adbin::text
    ) ORDER BY a.attnum) AS list
    FROM attribute a
    JOIN relation r ON r.oid = a.attrelid
    LEFT JOIN comment k ON k.objoid = a.attrelid AND k.objsubid = a.attnum
        AND k.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attrdef x ON x.adrelid = a.attrelid AND x.adnum = a.attnum
        AND a.attgenerated <> ''
    GROUP BY a.attrelid
),
-- Columns that unique and exclusion indexes depend on, including those in expressions
-- and predicates.
unique_index AS (
    SELECT i.indexrelid AS oid, i.indrelid AS relation, c.relname AS name,
           i.indisunique AS is_unique,
           ARRAY(SELECT n FROM unnest(i.indkey[0:i.indnkeyatts - 1]) n WHERE n > 0)
               AS columns,
           ARRAY(SELECT n FROM unnest(i.indkey[0:i.indnkeyatts - 1]) n WHERE n > 0
                 UNION
                 SELECT m[1]::int
                 FROM regexp_matches(concat(i.indexprs::text, i.indpred::text),
                                     ':varattno (-?\d+)', 'g') m) AS depends,
           (SELECT json_build_array(p.indrelid::bigint, r.relname)
            FROM pg_inherits h
            JOIN pg_index p ON p.indexrelid = h.inhparent
            JOIN pg_class r ON r.oid = p.indexrelid
            WHERE h.inhrelid = i.indexrelid) AS parent
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE (i.indisunique OR i.indisexclusion)
      AND i.indrelid IN (SELECT oid FROM relation)
),
-- Since PostgreSQL 18, a constraint can be NOT ENFORCED. A partition's or inheriting
-- table's copy of a constraint has the original as its parent.
constraints AS (
    SELECT o.relation, json_agg(json_build_array(
        o.name, o.kind, o.columns, o.definition, o.validated, o.deferrable,
        o.referenced, o.referenced_columns, o.on_delete, o.on_update, o.constraint_oid,
        o.match_full, o.set_columns, o.depends, o.is_steady, o.is_period, o.parent,
        o.tree, o.partial
    ) ORDER BY o.name, o.kind) AS list
    FROM (
        SELECT k.conrelid AS relation, k.conname AS name, k.contype AS kind,
               coalesce(k.conkey, '{}') AS columns,
               pg_get_constraintdef(k.oid) AS definition,
               k.convalidated AS validated, k.condeferrable AS deferrable,
               nullif(k.confrelid::bigint, 0) AS referenced,
               coalesce(k.confkey, '{}') AS referenced_columns,
               trim(k.confdeltype::text) AS on_delete,
               trim(k.confupdtype::text) AS on_update,
               k.oid::bigint AS constraint_oid,
               k.confmatchtype = 'f' AS match_full,
               to_json(k) -> 'confdelsetcols' AS set_columns,
               CASE WHEN k.contype IN ('p', 'u', 'x') THEN ix.depends
                    ELSE k.conkey END AS depends,
               NOT coalesce(k.conbin::text ~ 'SQLVALUEFUNCTION|COERCEVIAIO', false)
               AND NOT EXISTS (
                   SELECT FROM regexp_matches(k.conbin::text, 'funcid (\d+)', 'g') m
                   JOIN pg_proc p ON p.oid = m[1]::oid
                   WHERE p.provolatile <> 'i'
               ) AS is_steady,
               coalesce((to_json(k) ->> 'conperiod')::boolean, false) AS is_period,
               CASE WHEN k.contype = 'f' THEN (
                   SELECT json_build_array(p.conrelid::bigint, p.conname)
                   FROM pg_constraint p WHERE p.oid = k.conparentid
               ) WHEN k.contype = 'c' THEN (
                   SELECT json_build_array(p.conrelid::bigint, p.conname)
                   FROM pg_inherits i JOIN pg_constraint p ON p.conrelid = i.inhparent
                   WHERE i.inhrelid = k.conrelid AND k.coninhcount > 0
                     AND p.contype = 'c' AND p.conname = k.conname AND NOT p.connoinherit
                   ORDER BY i.inhseqno LIMIT 1
               ) WHEN k.contype <> 'n' THEN ix.parent END AS parent,
               CASE k.contype WHEN 'c' THEN k.conbin::text END AS tree,
               k.conparentid <> 0 AND EXISTS (
                   SELECT FROM pg_constraint w
                   WHERE w.oid = k.conparentid AND w.conrelid = k.conrelid
               ) AS partial
        FROM pg_constraint k LEFT JOIN unique_index ix ON ix.oid = k.conindid
        WHERE k.contype IN ('p', 'u', 'f', 'c', 'x')
          AND k.conrelid IN (SELECT oid FROM relation)
          AND (k.convalidated
               OR coalesce((to_json(k) ->> 'conenforced')::boolean, true))
        UNION ALL
        SELECT ix.relation, ix.name, 'u', ix.columns,
               regexp_replace(pg_get_indexdef(ix.oid),
                              '^CREATE UNIQUE INDEX .*? USING btree ', 'UNIQUE '),
               true, false, NULL, '{}', '', '', 0, false, NULL, ix.depends, true, false,
               ix.parent, NULL, false
        FROM unique_index ix
        WHERE ix.is_unique AND NOT EXISTS (
            SELECT FROM pg_constraint k WHERE k.conindid = ix.oid
            AND k.conrelid = ix.relation AND k.contype IN ('p', 'u', 'x')
        )
        UNION ALL
        -- Before PostgreSQL 18, NOT NULL has no name: it gets the default name of
        -- PostgreSQL 18.
        SELECT a.attrelid,
               coalesce(k.conname, concat_ws('_', c.relname, a.attname, 'not_null')),
               'n', ARRAY[a.attnum], concat('NOT NULL ', quote_ident(a.attname)),
               coalesce(k.convalidated, true), false, NULL, '{}', '', '',
               coalesce(k.oid::bigint, 0), false, NULL, ARRAY[a.attnum], true, false,
               (SELECT json_build_array(
                    p.attrelid::bigint,
                    coalesce(o.conname, concat_ws('_', r.relname, p.attname, 'not_null'))
                )
                FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent
                JOIN pg_class r ON r.oid = i.inhparent
                LEFT JOIN pg_constraint o ON o.conrelid = p.attrelid
                    AND o.contype = 'n' AND o.conkey[1] = p.attnum
                WHERE i.inhrelid = a.attrelid AND p.attname = a.attname AND p.attnotnull
                  AND NOT coalesce(o.connoinherit, false)
                ORDER BY i.inhseqno LIMIT 1),
               NULL, false
        FROM attribute a JOIN relation c ON c.oid = a.attrelid
        LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n'
            AND k.conkey[1] = a.attnum
        WHERE a.attnotnull AND c.relkind IN ('r', 'p')
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
        i.indcollation[0:i.indnkeyatts - 1],
        -- WITHOUT OVERLAPS compares by another operator than equality.
        i.indisunique AND i.indimmediate AND i.indisvalid AND i.indisready
            AND NOT i.indisexclusion,
        i.indisprimary,
        i.indisunique
            AND coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
        pg_get_expr(i.indpred, i.indrelid),
        CASE WHEN i.indisunique THEN i.indpred::text END,
        CASE WHEN i.indisunique THEN i.indexprs::text END
    ) ORDER BY c.relname) AS list
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT oid FROM relation)
    GROUP BY i.indrelid
),
-- A row written through a parent fires the triggers of the child that stores it.
triggers AS (
    SELECT o.relation, json_agg(
        json_build_array(t.tgname, t.tgtype, t.tgfoid::bigint, t.tgattr)
        ORDER BY t.tgname, t.tgrelid
    ) AS list
    FROM (SELECT oid AS relation, oid FROM relation
          UNION ALL SELECT ancestor, oid FROM descendant) o
    JOIN pg_trigger t ON t.tgrelid = o.oid
    WHERE NOT t.tgisinternal AND (o.relation = o.oid OR t.tgparentid = 0)
    GROUP BY o.relation
),
policies AS (
    SELECT polrelid, json_agg(json_build_array(
        polname, polcmd, polqual::text, polwithcheck::text
    ) ORDER BY polname) AS list
    FROM pg_policy GROUP BY polrelid
),
-- Parents and partition keys of tables.
parents AS (
    SELECT inhrelid, json_agg(inhparent::bigint ORDER BY inhseqno) AS list
    FROM pg_inherits GROUP BY inhrelid
),
partitioned AS (
    SELECT partrelid, json_build_array(
        partstrat,
        ARRAY(SELECT n FROM unnest(partattrs) n WHERE n > 0
              UNION SELECT m[1]::int
              FROM regexp_matches(partexprs::text, ':varattno (-?\d+)', 'g') m)
    ) AS list
    FROM pg_partitioned_table
),
domain_checks AS (
    SELECT contypid, json_agg(json_build_array(
        conname, pg_get_constraintdef(oid), conbin::text
    ) ORDER BY conname) AS list
    FROM pg_constraint WHERE contypid >= 16384 AND contype = 'c' GROUP BY contypid
),
-- Functions that are called implicitly, by aggregates, operators and types.
hidden (kind, oid, function) AS (
    SELECT 'function', a.aggfnoid::oid, f
    FROM pg_aggregate a CROSS JOIN unnest(ARRAY[
        a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
        a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn
    ]::oid[]) f
    WHERE a.aggfnoid >= 16384
    UNION
    SELECT 'operator', o.oid, f
    FROM pg_operator o
    LEFT JOIN pg_operator c ON c.oid = o.oprcom
    LEFT JOIN pg_operator n ON n.oid = o.oprnegate
    CROSS JOIN unnest(ARRAY[o.oprcode, c.oprcode, n.oprcode]::oid[]) f
    WHERE o.oid >= 16384
    UNION
    SELECT 'operator', a.amopopr, p.amproc::oid
    FROM pg_amop a JOIN pg_amproc p ON p.amprocfamily = a.amopfamily
        AND p.amproclefttype = a.amoplefttype
    WHERE p.amproc >= 16384
    UNION
    SELECT 'type', t.oid, f
    FROM pg_type t CROSS JOIN unnest(ARRAY[
        t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout
    ]::oid[]) f
    WHERE t.oid >= 16384
    UNION
    SELECT 'type', c.opcintype, f
    FROM pg_opclass c
    LEFT JOIN pg_amproc p ON p.amprocfamily = c.opcfamily
        AND p.amproclefttype = c.opcintype
    LEFT JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype
    LEFT JOIN pg_operator o ON o.oid = a.amopopr
    CROSS JOIN unnest(ARRAY[p.amproc, o.oprcode]::oid[]) f
    WHERE c.opcdefault AND c.oid >= 16384
    UNION
    SELECT 'type', r.rngtypid, f
    FROM pg_range r
    JOIN pg_opclass c ON c.oid = r.rngsubopc
    LEFT JOIN pg_amproc p ON p.amprocfamily = c.opcfamily
        AND p.amproclefttype = c.opcintype
    CROSS JOIN unnest(ARRAY[r.rngcanonical, r.rngsubdiff, p.amproc]::oid[]) f
    WHERE r.rngtypid >= 16384
    UNION
    SELECT 'type', castsource, castfunc
    FROM pg_cast
    WHERE castfunc >= 16384 AND casttarget IN ('json'::regtype, 'jsonb'::regtype)
),
extension_of AS (
    SELECT d.objid, x.extname
    FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
      AND d.deptype = 'e'
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
-- Validated CHECKs that all arrays in a column or domain satisfy, in descendants too.
-- CHECKs of foreign tables are not enforced.
array_checks AS (
    SELECT k.conrelid::bigint AS relation, k.contypid::bigint AS domain,
           k.conbin::text AS tree
    FROM pg_constraint k
    WHERE k.contype = 'c' AND k.convalidated
      AND (k.conrelid IN (SELECT oid FROM relation)
           OR k.contypid IN (SELECT oid FROM pg_type WHERE typcategory = 'A'))
      AND (k.contypid <> 0 OR EXISTS (
          SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
          WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
            AND t.typcategory = 'A'
      ))
      AND NOT EXISTS (
          SELECT FROM descendant d WHERE d.ancestor = k.conrelid AND k.connoinherit
      )
      AND NOT EXISTS (
          SELECT FROM pg_class f WHERE f.relkind = 'f' AND (f.oid = k.conrelid OR f.oid IN (
              SELECT d.oid FROM descendant d WHERE d.ancestor = k.conrelid
          ))
      )
),
-- A function that is only another name of a built-in one has its volatility.
volatility AS (
    SELECT p.oid, coalesce((
        SELECT max(b.provolatile::text) FROM pg_proc b
        WHERE b.proname = p.prosrc AND b.oid < 16384
    ), p.provolatile::text) AS word
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.oid >= 16384 AND l.lanname = 'internal'
    UNION ALL
    SELECT p.oid, p.provolatile::text
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.oid < 16384 OR l.lanname <> 'internal'
),
named AS (
    SELECT p.*, ARRAY(
        SELECT coalesce(p.proargnames[u.place], '')
        FROM generate_series(1, coalesce(array_length(p.proargmodes, 1), p.pronargs)) u (place)
        WHERE coalesce(p.proargmodes[u.place], 'i') IN ('i', 'b', 'v')
        ORDER BY u.place
    ) AS inputs, ARRAY(
        SELECT coalesce(p.proargnames[u.place], '')
        FROM unnest(p.proargmodes) WITH ORDINALITY u (mode, place)
        WHERE u.mode IN ('o', 'b', 't')
        ORDER BY u.place
    ) AS outputs
    FROM pg_proc p
    WHERE p.oid >= 16384
)
SELECT CASE WHEN set_config(
    'search_path', current_setting('reposgen.search_path'), true
) IS NOT NULL THEN json_build_object(
    'version', current_setting('server_version_num')::int,
    'encoding', current_setting('server_encoding'),
    'search_path', current_schemas(false),
    'extensions', ARRAY(SELECT extname FROM pg_extension ORDER BY extname),
    'types', (
        SELECT json_agg(json_build_array(
            t.oid::bigint, t.nspname, t.typname, format_type(t.oid, NULL), t.typtype,
            t.element::bigint, t.typrelid::bigint, t.typbasetype::bigint, t.typnotnull,
            coalesce(r.rngsubtype, m.rngtypid)::bigint, l.list, k.description, c.list
        ) ORDER BY t.oid)
        FROM type t
        LEFT JOIN pg_range r ON r.rngtypid = t.oid
        LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
        LEFT JOIN labels l ON l.enumtypid = t.oid
        LEFT JOIN domain_checks c ON c.contypid = t.oid
        LEFT JOIN comment k ON k.objoid = t.oid AND k.classoid = 'pg_type'::regclass
    ),
    'relations', (
        SELECT json_agg(json_build_array(
            r.oid::bigint, r.nspname, r.relname, r.relkind, a.list, o.list, i.list, g.list,
            s.list,
            r.relrowsecurity, r.reltype::bigint, k.description,
            CASE r.relkind WHEN 'm' THEN pg_get_viewdef(r.oid) END,
            p.list, h.list, d.list, pg_get_expr(r.relpartbound, r.oid)
        ) ORDER BY r.oid)
        FROM relation r
        LEFT JOIN columns a ON a.attrelid = r.oid
        LEFT JOIN constraints o ON o.relation = r.oid
        LEFT JOIN indexes i ON i.indrelid = r.oid
        LEFT JOIN triggers g ON g.relation = r.oid
        LEFT JOIN policies p ON p.polrelid = r.oid
        LEFT JOIN parents h ON h.inhrelid = r.oid
        LEFT JOIN partitioned d ON d.partrelid = r.oid
        LEFT JOIN children s ON s.inhparent = r.oid
        LEFT JOIN comment k ON k.objoid = r.oid AND k.objsubid = 0
            AND k.classoid = 'pg_class'::regclass
    ),
    'functions', (
        SELECT json_agg(json_build_array(
            p.oid::bigint, n.nspname, p.proname, p.inputs, p.proisstrict, v.word,
            p.prokind, p.proretset, x.extname, p.outputs, p.prorettype::bigint,
            -- A SET clause for a custom setting can change what the body reads.
            CASE WHEN l.lanname = 'sql' AND NOT EXISTS (
                SELECT FROM unnest(p.proconfig) s WHERE split_part(s, '=', 1) LIKE '%.%'
            ) THEN json_build_array(
                p.pronargs, p.proargdefaults::text,
                (SELECT substr(s, 13) FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%'),
                p.prosqlbody IS NOT NULL,
                -- Only for the digest of the catalog.
                md5(p.prosrc || coalesce(p.prosqlbody::text, ''))
            ) END,
            -- That of the triggers which note changes for the cache.
            CASE WHEN n.nspname = 'reposgen_cache' THEN md5(p.prosrc) END
        ) ORDER BY p.oid)
        FROM named p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_language l ON l.oid = p.prolang
        JOIN volatility v ON v.oid = p.oid
        LEFT JOIN extension_of x ON x.objid = p.oid
    ),
    'hidden', (
        SELECT json_agg(
            json_build_array(h.kind, h.oid::bigint, h.function::bigint)
            ORDER BY h.kind, h.oid, h.function
        )
        FROM hidden h JOIN volatility v ON v.oid = h.function
        WHERE v.word = 'v' OR v.word = 's' AND h.function >= 16384
    ),
    'array_checks', (
        SELECT json_agg(json_build_array(relation, domain, tree)
                        ORDER BY relation, domain, tree)
        FROM array_checks
    ),
    'keywords', (
        SELECT json_agg(word ORDER BY word) FROM pg_get_keywords() WHERE catcode <> 'U'
    ),
    'json_casts', ARRAY(
        SELECT castsource::bigint FROM pg_cast
        WHERE casttarget IN ('json'::regtype, 'jsonb'::regtype) AND castsource >= 16384
        ORDER BY castsource
    ),
    'nondeterministic', ARRAY(
        SELECT oid::bigint FROM pg_collation WHERE NOT collisdeterministic ORDER BY oid
    ),
    -- Comparisons that depend on the session's time zone are not equalities: across a
    -- skipped hour, two timestamps can equal the same timestamptz.
    'equality', (
        SELECT json_object_agg(o.amopopr, o.families ORDER BY o.amopopr)
        FROM (
            SELECT a.amopopr, array_agg(a.amopfamily::bigint ORDER BY a.amopfamily) AS families
            FROM pg_amop a
            JOIN pg_am m ON m.oid = a.amopmethod
            JOIN pg_operator o ON o.oid = a.amopopr
            JOIN pg_proc p ON p.oid = o.oprcode AND p.provolatile = 'i'
            WHERE (m.amname, a.amopstrategy) IN (('btree', 3), ('hash', 1))
            GROUP BY a.amopopr
        ) o
    )
)::text END
