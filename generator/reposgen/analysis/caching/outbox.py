"""The trigger function that notes for caches what a statement has changed.

It writes nothing but its own outbox. So a trigger that calls it makes of no write one
that can change anything.
"""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reposgen.live_schema.model import Function

NAME: Final = "reposgen_cache.note"
SOURCE: Final = """
DECLARE
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT * FROM new_rows'
        WHEN 'DELETE' THEN 'SELECT * FROM old_rows'
        WHEN 'UPDATE' THEN 'SELECT * FROM new_rows UNION ALL SELECT * FROM old_rows'
    END;
    key text[];
    is_changed boolean := TG_OP = 'TRUNCATE';
BEGIN
    IF NOT is_changed THEN
        EXECUTE format('SELECT EXISTS (%s)', changed) INTO is_changed;
    END IF;
    IF NOT is_changed THEN
        RETURN NULL;
    END IF;
    -- The first argument is the table's name, each other one a key's columns.
    FOR place IN 1 .. TG_NARGS - 1 LOOP
        key := ARRAY(SELECT jsonb_array_elements_text(TG_ARGV[place]::jsonb));
        IF TG_OP = 'TRUNCATE' OR key = '{}' THEN
            INSERT INTO reposgen_cache.changes (parts) VALUES (TG_ARGV[0] || key);
        ELSE
            -- One row for more than 100 keys says that any can have changed.
            EXECUTE format(
                $format$
                WITH found AS (
                    SELECT DISTINCT ARRAY[%s] AS key FROM (%s) AS changed LIMIT 101
                )
                INSERT INTO reposgen_cache.changes (parts)
                SELECT $1 || key FROM found
                WHERE (SELECT count(*) FROM found) <= 100
                    AND array_position(key, NULL) IS NULL
                UNION ALL
                SELECT $1 WHERE (SELECT count(*) FROM found) > 100
                $format$,
                (SELECT string_agg(format('%I::text', name), ', ' ORDER BY number)
                FROM unnest(key) WITH ORDINALITY AS columns (name, number)),
                changed
            ) USING TG_ARGV[0] || key;
        END IF;
    END LOOP;
    -- While nobody empties the outbox, it must not grow for ever: "*" is everything.
    IF random() < 0.001
        AND current_setting('transaction_isolation') = 'read committed'
        AND 100000 < (
            SELECT count(*) FROM (SELECT FROM reposgen_cache.changes LIMIT 100001) AS c
        )
    THEN
        WITH dropped AS (
            DELETE FROM reposgen_cache.changes WHERE id = ANY (ARRAY(
                SELECT id FROM reposgen_cache.changes
                ORDER BY id LIMIT 100000 FOR UPDATE SKIP LOCKED
            )) RETURNING id
        )
        INSERT INTO reposgen_cache.changes (parts)
        SELECT ARRAY['*'] WHERE EXISTS (SELECT FROM dropped);
    END IF;
    RETURN NULL;
END
"""
_DIGEST: Final = md5(SOURCE.encode(), usedforsecurity=False).hexdigest()


def notes_changes(function: Function) -> bool:
    """Whether it is that function, unchanged."""
    return function.qualified_name == NAME and function.digest == _DIGEST
