# Derived from ../aio/chaos.py by derive_sync.py: change that file.
"""Work that keeps account of what it was told, whatever happens to the server."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Final

from tests.runtime import shop

from reposgen_runtime import Statement
from reposgen_runtime.errors import (
    Conflict,
    OutcomeUnknown,
    ReadOnlyTransaction,
    RepositoryError,
    StatementTimeout,
    Unavailable,
)
from reposgen_runtime.sync import Runner
from reposgen_runtime.sync._compat import sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.sync.repositories import Database

ACCOUNTS: Final = 8
# What may be raised while a server goes and comes.
EXPECTED: Final = (
    Unavailable,
    OutcomeUnknown,
    Conflict,
    StatementTimeout,
    ReadOnlyTransaction,
)
ADD: Final = Statement[int](
    "add",
    "UPDATE counters SET value = value + $2 WHERE id = $1 RETURNING value",
    parameters=("int4", "int4"),
    results=("int4",),
)
TOTAL: Final = Statement[int](
    "total",
    "SELECT coalesce(sum(value), 0) FROM counters WHERE id <= $1",
    parameters=("int4",),
    results=("int8",),
    read_only=True,
)
TITLES: Final = Statement[str](
    "titles", "SELECT slug FROM tasks", results=("text",), read_only=True
)


class Worker:
    """One of many, with a counter of its own.

    Attributes:
        counts: how often each thing came to each end.
        acknowledged: keys of rows that are there.
        refused: keys of rows that are not.
        unknown: keys of rows of which nobody knows.
    """

    def __init__(self, db: Database, number: int) -> None:
        self.counts = Counter[str]()
        self.acknowledged = set[str]()
        self.refused = set[str]()
        self.unknown = set[str]()
        self.number = number
        self._db = db
        self._run = Runner(db, shop.PACKAGE)
        self._chance = random.Random(number)
        self._own = ACCOUNTS + 1 + number
        # The counter's least and greatest value.
        self.least = 0
        self.most = 0

    def step(self) -> None:
        """Do something, and note what came of it."""
        self.do(
            self._chance.choice(
                (self.insert, self.insert, self.transfer, self.count_up, self.read)
            )
        )

    def do(self, work: Callable[[], None]) -> None:
        """Do one of the things below, and note what came of it."""
        name = work.__name__
        self.counts[f"{name} begun"] += 1
        try:
            work()
        except EXPECTED as error:
            self.counts[f"{name} {type(error).__name__}"] += 1
            sleep(0.01)
        else:
            self.counts[f"{name} done"] += 1

    def insert(self) -> None:
        """A row of its own, with a key that nobody else has."""
        key = f"{self.number}-{self.counts.total()}"
        self.unknown.add(key)
        try:
            self._db.tasks.create(title="chaos", slug=key)
        except OutcomeUnknown:
            raise
        except RepositoryError:
            self.unknown.discard(key)
            self.refused.add(key)
            raise
        self.unknown.discard(key)
        self.acknowledged.add(key)

    def transfer(self) -> None:
        """Money from one account to another; never more, never less in total."""
        source, target = self._chance.sample(range(1, ACCOUNTS + 1), 2)
        amount = self._chance.randrange(1, 100)

        def work() -> None:
            self._run.one(ADD, (source, -amount))
            self._run.one(ADD, (target, amount))

        # As often as others are in the way.
        self._db.run(work, retries=50)

    def count_up(self) -> None:
        """The next version of its own counter."""
        self.most += 1
        try:
            value = self._run.one(ADD, (self._own, 1))
        except OutcomeUnknown:
            raise
        except RepositoryError:
            self.most -= 1
            raise
        assert self.least < value <= self.most
        self.least = value
        self.most = max(self.most, value)

    def read(self) -> None:
        """All accounts together, and some rows one after the other."""
        assert self._run.one(TOTAL, (ACCOUNTS,)) == 0
        with self._run.stream(shop.NUMBERS, (2000,)) as numbers:
            for _ in numbers:
                pass
