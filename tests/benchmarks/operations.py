"""What is measured: operations, each a call of a method that the contenders have.

A contender without the method takes no part. Whether methods are coroutines makes no
difference here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tests.benchmarks.tasks import TENANT, make_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.rounds import Prepare

SCRATCH: Final = UUID(int=99)
KEY: Final = make_task(5).id
PAGE: Final = 100

_numbers = count(1_000_000)
_rows = count(100)


def fresh_task() -> Any:
    """A task that no one has stored yet."""
    return make_task(next(_numbers), SCRATCH)


def fresh_tasks(number: int) -> list[Any]:
    """Tasks that no one has stored yet."""
    return [fresh_task() for _ in range(number)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that all contenders do.

    Attributes:
        name: `get by key`.
        method: of a contender: it has the operation if it has this.
        calls: how many make one turn.
        prepare: a contender's call, made anew for each turn.
    """

    name: str
    method: str
    calls: int
    prepare: Callable[[Any], Callable[[], Any]]

    def of(self, contender: Any) -> Prepare[Any]:
        """What prepares a contender's turn."""
        return partial(self.prepare, contender)


def _renaming(peer: Any) -> Callable[[], Any]:
    """A row of its own to rename, with its current version."""
    key = make_task(next(_rows)).id
    versions = count(1)
    return lambda: peer.rename(key, next(versions))


def _batch(peer: Any) -> Callable[[], Any]:
    return partial(peer.batch, peer.params(fresh_tasks(1000)))


def _transaction(peer: Any) -> Callable[[], Any]:
    return partial(peer.transaction, make_task(next(_rows)).id)


CALLS: Final = (
    Operation(
        name="get by key",
        method="get",
        calls=200,
        prepare=lambda peer: partial(peer.get, KEY),
    ),
    *(
        Operation(
            name=f"list {size:,}",
            method="list",
            calls=calls,
            prepare=lambda peer, size=size: partial(peer.list, TENANT, size),  # type: ignore[misc] # its own size
        )
        for size, calls in ((100, 20), (10_000, 1))
    ),
    Operation(
        name="insert returning",
        method="insert",
        calls=100,
        prepare=lambda peer: lambda: peer.insert(fresh_task()),
    ),
    Operation(name="optimistic update", method="rename", calls=100, prepare=_renaming),
    Operation(
        name="transaction of 3", method="transaction", calls=50, prepare=_transaction
    ),
    Operation(name="batch of 1,000 inserts", method="batch", calls=1, prepare=_batch),
)
# What several tasks do at the same time.
CROWDED: Final = tuple(
    one for one in CALLS if one.name not in ("list 10,000", "batch of 1,000 inserts")
)


def copying(size: int) -> Operation:
    """COPY of so many wide rows, into an empty table."""

    def prepare(peer: Any) -> Callable[[], Any]:
        peer.empty()
        return partial(peer.copy, peer.params(fresh_tasks(size)))

    return Operation(
        name=f"COPY of {size:,}, 23 columns", method="copy", calls=1, prepare=prepare
    )


def copying_points(number: int) -> Operation:
    """COPY of narrow rows, into an empty table."""

    def prepare(peer: Any) -> Callable[[], Any]:
        peer.empty()
        return peer.copy_points  # type: ignore[no-any-return] # of any contender

    return Operation(
        name=f"COPY of {number:,}, 3 columns",
        method="copy_points",
        calls=1,
        prepare=prepare,
    )


def streaming(number: int) -> Operation:
    """Narrow rows, one by one."""
    return Operation(
        name=f"stream of {number:,}",
        method="stream",
        calls=1,
        prepare=lambda peer: peer.stream,
    )


def paging(number: int) -> Operation:
    """Wide rows, page by page."""
    return Operation(
        name=f"page through {number:,}",
        method="pages",
        calls=1,
        prepare=lambda peer: partial(peer.pages, TENANT, PAGE),
    )
