"""What the measured calls are given."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tests.benchmarks.tasks import make_task

if TYPE_CHECKING:
    from collections.abc import Callable

BASE: Final = "raw psycopg"
SCRATCH: Final = UUID(int=99)
KEY: Final = make_task(5).id

_numbers = count(1_000_000)
_rows = count(100)


def fresh_task() -> Any:
    """A task that no one has stored yet."""
    return make_task(next(_numbers), SCRATCH)


def fresh_tasks(number: int) -> list[Any]:
    """Tasks that no one has stored yet."""
    return [fresh_task() for _ in range(number)]


def arguments(task: Any) -> dict[str, Any]:
    """A task's values by their names."""
    return {name: getattr(task, name) for name in task.__slots__}


class Versions:
    """Hands each contender a row of its own to rename, with its current version."""

    def __init__(self) -> None:
        self.key = make_task(next(_rows)).id
        self.version = 0

    def next(self) -> int:
        """The version that the row is at."""
        self.version += 1
        return self.version


class Bulk:
    """A call that is given rows, which are made before it is timed."""

    def __init__(self, call: Callable[[Any], Any], make: Callable[[], Any]) -> None:
        self.call = call
        self.make = make


def prepared(call: Any) -> Callable[[], Any]:
    """What prepares a call, as `run_rounds` wants it."""
    if isinstance(call, Bulk):

        def prepare() -> Callable[[], Any]:
            rows = call.make()
            return lambda: call.call(rows)

        return prepare
    return lambda: call
