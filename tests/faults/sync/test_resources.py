# Derived from ../aio/test_resources.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""What runs out, and what does not fit."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime import shop
from tests.runtime.sync.repositories import Database

from reposgen_runtime import Statement
from reposgen_runtime.errors import (
    InvalidText,
    OutOfResources,
    PoolTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen_runtime.sync import Runner

ARGUMENTS = 10_000


def test_a_full_disk(run: Runner) -> None:
    fill = Statement[None](
        "fill", "COPY (SELECT generate_series(1, 100000)) TO '/dev/full'"
    )
    with pytest.raises(OutOfResources, match="No space left") as caught:
        run.exec(fill)
    assert caught.value.sqlstate == "53100"
    assert run.one(shop.COUNT) == 0


def test_too_many_connections(conninfo: str) -> None:
    taken: list[psycopg.Connection] = []
    with suppress(psycopg.OperationalError):
        while True:
            taken.append(psycopg.connect(conninfo))
    try:
        with pytest.raises(OutOfResources, match="too many clients"):
            with Database.open(conninfo, timeout=0.2):
                pass
    finally:
        for connection in taken:
            connection.close()
    with Database.open(conninfo) as db:
        assert db.tasks.count() == 0


def test_an_exhausted_pool(conninfo: str) -> None:
    with Database.open(conninfo, max_size=1, timeout=0.2) as db:
        with db.connection():
            with pytest.raises(PoolTimeout, match="no connection became free"):
                db.tasks.count()
        assert db.tasks.count() == 0


def texts(seed: int) -> Iterator[str]:
    """Anything that a str can hold, with what PostgreSQL can't hold now and then."""
    chance = random.Random(seed)
    odd = ["\0", "\ud800", "\udfff", "'", "\\", '"', "%s", "$1", "\N{BOM}", "\x7f"]
    for _ in range(ARGUMENTS):
        letters = [
            chance.choice(odd)
            if chance.random() < 0.05
            else chr(chance.randrange(1, 0xD800))
            for _ in range(chance.randrange(20))
        ]
        yield "".join(letters)


def test_random_texts(run: Runner) -> None:
    echo = shop.echo("text")
    refused = 0
    for text in texts(1):
        if not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text):
            assert run.one(echo, (text,)) == text
            continue
        with pytest.raises(InvalidText) as caught:
            run.one(echo, (text,))
        assert repr(text) not in str(caught.value)
        refused += 1
    assert ARGUMENTS // 50 < refused < ARGUMENTS // 2


def test_random_bytes(run: Runner) -> None:
    chance = random.Random(2)
    echo = shop.echo("bytea")
    for _ in range(ARGUMENTS):
        data = chance.randbytes(chance.randrange(50))
        assert run.one(echo, (data,)) == data
