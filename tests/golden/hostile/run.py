"""Names that are keywords, builtins, or no names at all."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
from golden_output.hostile import Database, Date, MroRow, NoColumnsRow, Pass, PutParams

LABELS = ['"""', "\\", "None", "a'b\"c", "", "1st", "mro", "line\nbreak", "é"]


async def run(url: str) -> None:
    assert [member.value for member in Date] == LABELS
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO statements VALUES (1, 'f', 's', '2024-01-01', '2024-01-01Z',"
            " NULL, '1', 2, 'a', 'b', 'c', 'd', 3, 'e', '{4}', 'F', 'line\nbreak',"
            " 'g', 'h', 'i', 'j')"
        )
        connection.execute("INSERT INTO databases VALUES (1)")
    async with Database.open(url) as db:
        found = await db.models.get(self_=1)
        assert found.class_ == 1
        assert found.date == date(2024, 1, 1)
        assert found.datetime == datetime(2024, 1, 1, tzinfo=UTC)
        assert found.list == [4]
        assert found.größe == 2
        assert (found.a_b, found.a_b_2, found.x___) == ("a", "b", "j")
        assert found.Statement_ is Date("line\nbreak")
        (row,) = await db.models.packages()
        assert (row.x, row.x_2, row.self, row.self_2) == (1, "f", "s", "F")
        assert (await db.models.package(package=1)).import_ == 1
        assert await db.models.async_(class_=[1, 2]) == [1]
        assert await db.models.put([PutParams(1, 2)]) == 1
        assert await db.models.pass_() == [Pass(1, 2)]
        assert await db.models.mro() == [MroRow(1, 2, 1)]
        assert await db.models.no_columns() == [NoColumnsRow()]
        assert (await db.transaction_.run()).class_ == 1
