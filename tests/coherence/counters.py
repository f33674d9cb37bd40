"""Counters that only grow: what a read returns tells which write it has seen."""

from __future__ import annotations

from typing import Any, Final

from reposgen_runtime import Argument, Cached, Package, Rows, Statement

SCHEMA: Final = """
CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL);
CREATE TABLE owners (id int PRIMARY KEY, value int NOT NULL);
INSERT INTO counters SELECT id, 0 FROM generate_series(1, 4) AS id;
INSERT INTO owners SELECT id, 0 FROM generate_series(1, 4) AS id;
"""
PACKAGE: Final = Package("counters")

_COUNTER: Final = Rows("public.counters", ("id",), (Argument(0),))
_OWNER: Final = Rows("public.owners", ("id",), (Argument(0),))
_READS: Final = {
    # One row by its key.
    "key": ("SELECT value FROM counters WHERE id = $1", (_COUNTER,)),
    # Joined with another table, which it depends on as well.
    "join": (
        (
            "SELECT c.value + o.value FROM counters AS c JOIN owners AS o USING (id)"
            " WHERE c.id = $1"
        ),
        (_COUNTER, _OWNER),
    ),
    # A table as a whole.
    "all": (
        "SELECT sum(value)::int FROM counters WHERE $1 IS NOT NULL",
        (Rows("public.counters"),),
    ),
}


def reads(levels: tuple[str, ...]) -> dict[str, Statement[int]]:
    """The reads, by their names, as they are kept in these levels, if there are any."""
    return {
        name: Statement[int](
            f"counters.{name}",
            sql,
            parameters=("int4",),
            results=("int4",),
            read_only=True,
            cache=Cached(ttl=60.0, rows=rows, levels=levels) if levels else None,
        )
        for name, (sql, rows) in _READS.items()
    }


def write(table: str, changes: tuple[Rows, ...]) -> Statement[Any]:
    """Return what counts one up."""
    return Statement[int](
        f"{table}.count",
        f"UPDATE {table} SET value = value + 1 WHERE id = $1 RETURNING value",
        parameters=("int4",),
        results=("int4",),
        changes=changes,
    )


COUNT: Final = write("counters", (_COUNTER, Rows("public.counters")))
COUNT_OWNER: Final = write("owners", (_OWNER,))
