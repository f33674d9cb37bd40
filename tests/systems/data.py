"""Data sets of any size for the four systems, the same on every run.

The rows are made by the server, from the SQL files in data/: a million tasks take
about a minute. Their ids are hashes of their kind and number, so that a test can name
any row without asking for it.
"""

from __future__ import annotations

from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

if TYPE_CHECKING:
    from psycopg import Connection

SMALL, MEDIUM, LARGE = 10, 10_000, 1_000_000

System = Literal["collaboration", "agents", "control_plane", "flows"]

_SQL = Path(__file__).parent / "data"


def fill(connection: Connection[Any], system: System, size: int) -> None:
    """Fill an empty database that has the system's schema.

    Args:
        connection: of a superuser, so that row-level security lets all tenants' rows
            in. Commits, unless it is in a transaction of the caller's.
        size: how many tasks; of the systems without tasks, how many of what they have
            most. Other tables get their share of it.
    """
    with connection.transaction():
        connection.execute("SELECT set_config('data.size', %s, true)", [str(size)])
        for name in ("dice", system):
            connection.execute((_SQL / f"{name}.sql").read_bytes())
        connection.execute("DROP FUNCTION dice, id_of, tenants")
    with connection.transaction():
        connection.execute("ANALYZE")


def id_of(kind: str, number: int) -> UUID:
    """The id of a row: `id_of("task", 1)` is the first task's, counted from 1."""
    return UUID(md5(f"{kind}/{number}".encode(), usedforsecurity=False).hexdigest())


def tenants(size: int) -> int:
    """How many tenants a data set of this size has."""
    return min(10, max(2, size // 1000))


def tenant_of(task: int, size: int) -> UUID:
    """The tenant that a task belongs to, by the task's number."""
    return id_of("tenant", (task - 1) % tenants(size) + 1)
