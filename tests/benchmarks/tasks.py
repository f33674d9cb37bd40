"""The rows that all contenders read and write: wide ones, and narrow ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT = UUID(int=7)
# Behind the key of every task, as pages are read from the newest on.
LAST_KEY: Final[tuple[Any, Any]] = (
    datetime(9000, 1, 1, tzinfo=UTC),
    UUID(int=2**128 - 1),
)
NARROW: Final = 1_000_000
COLUMNS = (
    *("id", "tenant_id", "type", "status", "priority", "created_by", "assigned_to"),
    *("parent_task_id", "title", "description", "parameters", "result", "error"),
    *("max_retries", "retry_count", "timeout_seconds", "created_at", "assigned_at"),
    *("started_at", "completed_at", "updated_at", "deleted_at", "version"),
)
_START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Task:
    """A row of `tasks`, as people write it by hand."""

    id: UUID
    tenant_id: UUID
    type: str
    status: str
    priority: str
    created_by: str
    assigned_to: str | None
    parent_task_id: UUID | None
    title: str
    description: str | None
    parameters: Any
    result: Any
    error: str | None
    max_retries: int
    retry_count: int
    timeout_seconds: int
    created_at: datetime
    assigned_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    deleted_at: datetime | None
    version: int


@dataclass(slots=True)
class Point:
    """A row of `points`."""

    id: int
    x: float
    label: str


@cache
def points() -> list[Point]:
    """All rows of `points`."""
    return [Point(n, n * 0.5, f"point {n}") for n in range(1, NARROW + 1)]


# `dataclasses.astuple` copies deeply, and takes longer than an INSERT.
values_of: Final = attrgetter(*COLUMNS)


def make_task(number: int, tenant: UUID = TENANT) -> Task:
    """The task with that number: always the same."""
    created = _START + timedelta(seconds=number)
    return Task(
        id=UUID(int=number + 1),
        tenant_id=tenant,
        type=("review", "build", "deploy")[number % 3],
        status=("pending", "assigned", "completed")[number % 3],
        priority=("low", "normal", "high")[number % 3],
        created_by=f"agent-{number % 50}",
        assigned_to=f"agent-{number % 70}" if number % 3 else None,
        parent_task_id=None,
        title=f"Task number {number}",
        description=f"What is to be done in task {number}, in some words." * 2,
        parameters={"repository": "core", "branch": f"b{number}", "depth": number},
        result={"ok": True, "lines": number} if number % 3 == 2 else None,
        error=None,
        max_retries=3,
        retry_count=0,
        timeout_seconds=3600,
        created_at=created,
        assigned_at=created if number % 3 else None,
        started_at=None,
        completed_at=created + timedelta(hours=1) if number % 3 == 2 else None,
        updated_at=created,
        deleted_at=None,
        version=1,
    )


def make_tasks(count: int, *, start: int = 0) -> list[Task]:
    """`count` tasks from number `start` on."""
    return [make_task(start + number) for number in range(count)]


def json_rows(tasks: list[Task]) -> Iterator[tuple[Any, ...]]:
    """Rows for a driver that takes jsonb as text."""
    for task in tasks:
        row = list(values_of(task))
        row[10] = json.dumps(task.parameters)
        row[11] = None if task.result is None else json.dumps(task.result)
        yield tuple(row)
