"""`reposgen cache triggers`: SQL that tells the cache of writers it does not know.

Each statement that changes a table appends to an outbox which keys it has changed, in
the words by which cached reads are invalidated. One process at a time empties it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from reposgen.analysis.caching.outbox import SOURCE
from reposgen.diagnostics import ReposgenError, did_you_mean, error
from reposgen.python_model.caching import plan_caching
from reposgen.python_model.types import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reposgen.live_schema.model import Relation
    from reposgen.project import AnalysedPackage

    Keys = dict[tuple[str, ...], None]

HEAD: Final = f"""\
-- Tells the caches of generated packages what other writers change.
-- Run it as the owner of the tables; it can be run again.
-- The role of the applications needs:
--   GRANT USAGE ON SCHEMA reposgen_cache TO …;
--   GRANT SELECT, DELETE ON reposgen_cache.changes TO …;
CREATE SCHEMA IF NOT EXISTS reposgen_cache;

CREATE TABLE IF NOT EXISTS reposgen_cache.changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A table; or the columns of a key as well; or their values, too.
    parts text[] NOT NULL
);

CREATE OR REPLACE FUNCTION reposgen_cache.note() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $note${SOURCE}$note$;
"""
_EVENTS: Final = {
    "insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows",
    "update": (
        "AFTER UPDATE ON {table}"
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    ),
    "delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows",
    "truncate": "AFTER TRUNCATE ON {table}",
}
# What can have triggers with tables of rows: tables, partitioned ones included.
_TABLES: Final = frozenset({"r", "p"})


def cache_triggers(
    packages: Iterable[AnalysedPackage], wanted: Sequence[str] = ()
) -> str:
    """Return SQL that adds triggers to tables that cached reads depend on.

    Args:
        packages: whose cached reads these are; they can share tables.
        wanted: names of tables, with or without their schema; none: all of them.

    Raises:
        ReposgenError: no cached read depends on a table that is wanted.
    """
    relations: dict[str, Relation] = {}
    keys: dict[str, Keys] = {}
    for package in packages:
        tables = {
            relation.qualified_name: relation
            for relation in package.analysis.catalog.relations.values()
            if relation.kind in _TABLES
        }
        plan = plan_caching([*package.analysis.files.items()])
        for several in plan.reads.values():
            for rows in several:
                if rows.table in tables:
                    relations.setdefault(rows.table, tables[rows.table])
                    keys.setdefault(rows.table, {})[rows.columns] = None
    chosen = _chosen(wanted, relations) if wanted else sorted(relations)
    if not chosen:
        raise ReposgenError(
            [
                error(
                    "cache-no-table",
                    "no cached read depends on a table",
                    hint="write -- @cache ttl=5m above a query",
                )
            ]
        )
    return "\n".join(
        (
            HEAD,
            *(_triggers(relations[name], sorted(keys[name])) for name in chosen),
        )
    )


def _chosen(wanted: Sequence[str], relations: Mapping[str, Relation]) -> list[str]:
    found: list[str] = []
    for name in wanted:
        several = [
            qualified
            for qualified, relation in relations.items()
            if name in (relation.name, qualified)
        ]
        if not several:
            close = did_you_mean(name, relations)
            known = f"tables: {', '.join(sorted(relations))}"
            raise ReposgenError(
                [
                    error(
                        "cache-no-table",
                        f'no cached read depends on a table "{name}"',
                        hint=f"did you mean {close}?" if close else known,
                    )
                ]
            )
        found += several
    return sorted({*found})


def _triggers(relation: Relation, keys: Sequence[tuple[str, ...]]) -> str:
    table = f"{quoted(relation.schema)}.{quoted(relation.name)}"
    words = (relation.qualified_name, *(json.dumps(key) for key in keys))
    arguments = ", ".join(_literal(word) for word in words)
    return (
        "\n".join(
            f"CREATE OR REPLACE TRIGGER reposgen_cache_{event}\n"
            f"    {head.format(table=table)}\n"
            "    FOR EACH STATEMENT EXECUTE FUNCTION"
            f" reposgen_cache.note({arguments});"
            for event, head in _EVENTS.items()
        )
        + "\n"
    )


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    if "\\" in doubled:
        escaped = doubled.replace("\\", "\\\\")
        return f"E'{escaped}'"
    return f"'{doubled}'"
