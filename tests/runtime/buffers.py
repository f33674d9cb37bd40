"""Statements whose rows are written later, and ways to hold them up."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg
from tests.runtime import shop

from reposgen_runtime import Buffering, CopyInto, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen_runtime.buffering import WriteFailure

NEVER: Final = 3600.0
TITLE: Final = CopyInto('"public"."tasks"', ('"title"',))


def titles(
    size: int, *, interval: float = NEVER, limit: int = 1000, drops: bool = False
) -> Statement[Any]:
    """A buffer for titles."""
    return Statement(
        "tasks.add_title",
        "INSERT INTO tasks (title) VALUES ($1)",
        parameters=("text",),
        copy=TITLE,
        buffer=Buffering(size=size, interval=interval, limit=limit, drops=drops),
    )


TASKS: Final = Statement[None](
    "tasks.add_task",
    "INSERT INTO tasks (title, size, status) VALUES ($1, $2, $3)",
    parameters=shop.COPY.parameters,
    fields=shop.COPY.fields,
    copy=shop.COPY.copy,
    buffer=Buffering(interval=NEVER),
)
OWNERS: Final = Statement[None](
    "tasks.add_owner",
    "INSERT INTO tasks (owner_id, title) SELECT id, 'of ' || id"
    ' FROM "pg_temp"."reposgen_rows"',
    parameters=("int4",),
    copy=CopyInto('"pg_temp"."reposgen_rows"', ('"id"',), staged=True),
    buffer=Buffering(interval=NEVER),
)
NOWHERE: Final = Statement[None](
    "tasks.add_nowhere",
    "INSERT INTO nowhere (title) VALUES ($1)",
    parameters=("text",),
    copy=CopyInto('"public"."nowhere"', ('"title"',)),
    buffer=Buffering(interval=NEVER),
)


@contextmanager
def locked(conninfo: str) -> Iterator[psycopg.Connection[Any]]:
    """A block in which nothing is written to the table."""
    with psycopg.connect(conninfo) as admin:
        admin.execute("LOCK TABLE tasks IN SHARE MODE")
        yield admin


def is_blocked(admin: psycopg.Connection[Any]) -> bool:
    """Whether someone tries to write."""
    waiting = "SELECT FROM pg_locks WHERE relation = 'tasks'::regclass AND NOT granted"
    return admin.execute(waiting).rowcount > 0


def told_rows(told: list[WriteFailure]) -> list[list[Any]]:
    """The rows of all that was told."""
    return [[*unwritten.rows] for unwritten in told]
