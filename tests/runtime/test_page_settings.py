"""Pages that are read in sessions with different settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest

from reposgen_runtime import Key, OrderBy, Ordering, Variants
from reposgen_runtime.paging import PageRequest

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES: dict[str, tuple[str, ...]] = {
    "date": ("-infinity", "0044-03-15 BC", "2026-02-01", "2026-01-02", "infinity"),
    "timestamp": (
        "-infinity",
        "0044-03-15 12:00:00.5 BC",
        "2026-02-01 00:00:00.000001",
        "2026-01-02 00:00:00",
        "12026-01-02 00:00:00",
        "infinity",
    ),
    "timestamptz": (
        "-infinity",
        "0044-03-15 12:00:00.5+00 BC",
        "1800-01-01 00:00:00+00",
        "2026-10-25 00:30:00+00",
        "2026-10-25 01:30:00+00",
        "2026-02-01 00:00:00.000001+00",
        "12026-01-02 00:00:00+00",
        "infinity",
    ),
}
SETTINGS: tuple[LiteralString, ...] = (
    "SET datestyle = 'SQL, DMY'",
    "SET datestyle = 'Postgres, MDY'; SET timezone = 'Europe/Berlin'",
    "SET datestyle = 'German'; SET timezone = 'Asia/Kolkata'",
    "SET datestyle = 'SQL, MDY'; SET timezone = 'America/New_York'",
)


@pytest.mark.parametrize("type_name", TIMES)
def test_times_as_keys(make_database: Callable[[str], str], type_name: str) -> None:
    query = Variants[int](
        "q.times",
        ("SELECT at, id FROM times", OrderBy(" ORDER BY at, id")),
        results=(type_name, "int4"),
        read_only=True,
        ordering=Ordering((Key("at", 0), Key("id", 1))),
    )
    database = make_database(f"CREATE TABLE times (id int4, at {type_name})")
    with psycopg.connect(database, autocommit=True) as connection:
        for number, value in enumerate(TIMES[type_name]):
            connection.execute(
                f"INSERT INTO times VALUES ({number}, '{value}')".encode()
            )
        whole = connection.execute("SELECT id FROM times ORDER BY at, id").fetchall()
        found: list[tuple[int]] = []
        after: str | None = None
        while True:
            connection.execute(SETTINGS[len(found) % len(SETTINGS)])
            request = PageRequest(
                query, (), limit=1, after=after, before=None, total=False, sort=None
            )
            with psycopg.RawCursor(connection) as cursor:
                # Python has no such times: the column itself is not read.
                sql = request.statement.sql.replace("page.*", "NULL, c1", 1)
                rows = cursor.execute(sql.encode(), request.values).fetchall()
            page = request.page([(row[1], row[2:]) for row in rows], None)
            found += [(item,) for item in page.items]
            after = page.next
            if after is None:
                break
    assert found == whole
