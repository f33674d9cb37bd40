"""Streams hold a thousand rows, however many there are: of libpq's memory, too.

In a process of its own: what earlier tests have freed would hide what is held.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROWS = 200_000
# All of them at once take some 30 MB.
ALLOWED = 8_000_000
STATEMENT = """
import asyncio
import gc
from pathlib import Path

from reposgen_runtime import Statement
from tests.runtime import shop
from tests.runtime.{colour}.repositories import Database
from reposgen_runtime.{colour} import Runner

ROWS = Statement(
    "rows",
    "SELECT n, 'row ' || n FROM generate_series(1, $1) AS n",
    parameters=("int4",),
    results=("int4", "text"),
    row=lambda number, text: (number, text),
    read_only=True,
)


def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
"""
ASYNC = """
async def main():
    async with Database.open({url!r}, use_cursors={use_cursors}) as db:
        run = Runner(db, shop.PACKAGE)
        assert len([row async for row in run.stream(ROWS, (5000,))]) == 5000
        gc.collect()
        before = highest = memory()
        seen = 0
        async with run.stream(ROWS, ({rows},)) as stream:
            async for number, _ in stream:
                seen += 1
                if number % 1000 == 0:
                    highest = max(highest, memory())
        print(seen, highest - before)


asyncio.run(main())
"""
SYNC = """
with Database.open({url!r}, use_cursors={use_cursors}) as db:
    run = Runner(db, shop.PACKAGE)
    assert len(list(run.stream(ROWS, (5000,)))) == 5000
    gc.collect()
    before = highest = memory()
    seen = 0
    with run.stream(ROWS, ({rows},)) as stream:
        for number, _ in stream:
            seen += 1
            if number % 1000 == 0:
                highest = max(highest, memory())
    print(seen, highest - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="only Linux tells it like this"
)
@pytest.mark.parametrize(("colour", "body"), [("aio", ASYNC), ("sync", SYNC)])
def test_memory_does_not_grow_with_the_rows(
    conninfo: str,
    use_cursors: bool,
    colour: str,
    body: str,
) -> None:
    script = STATEMENT.format(colour=colour)
    script += body.format(url=conninfo, use_cursors=use_cursors, rows=ROWS)
    outcome = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    seen, grown = map(int, outcome.stdout.split())
    assert seen == ROWS
    assert grown < ALLOWED
