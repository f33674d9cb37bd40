-- One row of JSON for each table: what an INSERT has to fulfil.
SELECT json_build_object(
    'oid', c.oid::bigint,
    'schema', n.nspname,
    'name', c.relname,
    'kind', c.relkind,
    'columns', (
        SELECT json_agg(json_build_array(
            a.attname, a.atttypid::bigint,
            pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypmod,
            a.attnotnull, a.attidentity <> '', a.attgenerated <> '',
            CASE WHEN a.attidentity <> ''
                THEN pg_catalog.format(
                    'nextval(%L::regclass)',
                    pg_catalog.pg_get_serial_sequence(
                        pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname))
                ELSE pg_catalog.pg_get_expr(d.adbin, d.adrelid) END
        ) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        LEFT JOIN pg_catalog.pg_attrdef d
            ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'checks', (
        SELECT json_agg(json_build_array(
            k.conname, pg_catalog.pg_get_expr(k.conbin, k.conrelid)) ORDER BY k.conname)
        FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype = 'c'),
    'foreign_keys', (
        SELECT json_agg(json_build_array(
            k.conname, names.own, k.confrelid::bigint, names.target) ORDER BY k.conname)
        FROM pg_catalog.pg_constraint k,
            LATERAL (
                SELECT json_agg(a.attname ORDER BY i) AS own,
                    json_agg(b.attname ORDER BY i) AS target
                FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey))
                    WITH ORDINALITY AS pair(x, y, i)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = x
                JOIN pg_catalog.pg_attribute b
                    ON b.attrelid = k.confrelid AND b.attnum = y) AS names
        WHERE k.conrelid = c.oid AND k.contype = 'f'
            -- The part that is about one partition of the table that it points to.
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_constraint whole
                WHERE whole.oid = k.conparentid AND whole.conrelid = k.conrelid)),
    'keys', (
        SELECT json_agg(json_build_array(
            x.relname,
            (SELECT json_agg(
                pg_catalog.pg_get_indexdef(i.indexrelid, p::integer, true) ORDER BY p)
             FROM pg_catalog.generate_series(1, i.indnkeyatts) AS p),
            (SELECT json_agg(
                pg_catalog.format('OPERATOR(%I.%s)', o.nspname, o.oprname) ORDER BY o.at)
             FROM (
                SELECT s.nspname, r.oprname, e.at
                FROM pg_catalog.pg_constraint k,
                    pg_catalog.unnest(k.conexclop) WITH ORDINALITY AS e(operator, at)
                JOIN pg_catalog.pg_operator r ON r.oid = e.operator
                JOIN pg_catalog.pg_namespace s ON s.oid = r.oprnamespace
                WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid) AS o),
            pg_catalog.pg_get_expr(i.indpred, i.indrelid)) ORDER BY x.relname)
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion)),
    'partitions', (
        SELECT json_agg(pg_catalog.pg_get_partition_constraintdef(t.relid))
        FROM pg_catalog.pg_partition_tree(c.oid) t
        WHERE t.isleaf AND (c.relkind = 'p' OR c.relispartition)
            AND (c.relkind <> 'p' OR t.relid <> c.oid)))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
ORDER BY n.nspname, c.relname
