"""Rows, composites and arguments as pydantic makes them."""

from __future__ import annotations

from datetime import date

from reposgen_runtime.secret import Secret
from golden_output.with_pydantic import (
    Address,
    CopyPeopleParams,
    Database,
    Email,
    Mood,
    Person,
)
from psycopg.types.range import Range

HOME = Address("Road 1", Mood.VERY_HAPPY)


async def run(url: str) -> None:
    rows = [
        CopyPeopleParams(
            number,
            Email("a@x"),
            Mood.SAD,
            HOME,
            [HOME],
            {"a": [1]},
            Secret("token"),
            date(2000, 1, 1),
            Range(1, 5),
            [1],
            2,
            3,
        )
        for number in (1, 2)
    ]
    async with Database.open(url) as db:
        assert await db.people.copy_people(rows) == 2
        first = await db.people.get_person(id=1)
        assert isinstance(first, Person)
        assert first.home == HOME
        assert first.others == [HOME]
        assert first.settings == {"a": [1]}
        assert first.token == Secret("token")
        assert first.age == Range(1, 5)
        assert "Secret(token" not in repr(first)
        pair, last = await db.people.list_pairs()
        assert pair.person == first
        assert pair.other == await db.people.get_person(id=2)
        document = (await db.people.get_document(id=1)).document
        assert (document.email, document.json_) == (Email("a@x"), [1])
        assert document.moods == [Mood.SAD, Mood.SAD]
        assert (last.other, last.number) == (None, 3)
