"""Data types for locks of tables and rows, with PostgreSQL's own conflict matrices."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


class LockMode(IntEnum):
    """Mode of a lock of a table or index, from the weakest to the strongest."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @property
    def sql(self) -> str:
        """The mode as LOCK TABLE names it: `ACCESS SHARE`."""
        return self.name.replace("_", " ")

    @property
    def server_name(self) -> str:
        """The mode as `pg_locks` names it: `AccessShareLock`."""
        return self.name.title().replace("_", "") + "Lock"

    def conflicts(self, other: LockMode) -> bool:
        """Return True if two transactions cannot hold both modes on one table."""
        return other in _CONFLICTS[self]


# "Conflicting Lock Modes" in PostgreSQL's documentation.
_CONFLICTS: Final[Mapping[LockMode, frozenset[LockMode]]] = {
    LockMode.ACCESS_SHARE: frozenset({LockMode.ACCESS_EXCLUSIVE}),
    LockMode.ROW_SHARE: frozenset({LockMode.EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE}),
    LockMode.ROW_EXCLUSIVE: frozenset(
        mode for mode in LockMode if mode >= LockMode.SHARE
    ),
    LockMode.SHARE_UPDATE_EXCLUSIVE: frozenset(
        mode for mode in LockMode if mode >= LockMode.SHARE_UPDATE_EXCLUSIVE
    ),
    LockMode.SHARE: frozenset(
        mode
        for mode in LockMode
        if mode >= LockMode.ROW_EXCLUSIVE and mode is not LockMode.SHARE
    ),
    LockMode.SHARE_ROW_EXCLUSIVE: frozenset(
        mode for mode in LockMode if mode >= LockMode.ROW_EXCLUSIVE
    ),
    LockMode.EXCLUSIVE: frozenset(
        mode for mode in LockMode if mode >= LockMode.ROW_SHARE
    ),
    LockMode.ACCESS_EXCLUSIVE: frozenset(LockMode),
}


class RowLock(IntEnum):
    """Mode of a lock of rows, from the weakest to the strongest."""

    KEY_SHARE = 1
    SHARE = 2
    NO_KEY_UPDATE = 3
    UPDATE = 4

    @property
    def sql(self) -> str:
        """The mode as a SELECT names it: `FOR NO KEY UPDATE`."""
        return f"FOR {self.name.replace('_', ' ')}"

    def conflicts(self, other: RowLock) -> bool:
        """Return True if two transactions cannot hold both modes on one row.

        That is so from a sum on: KEY SHARE conflicts with UPDATE alone, SHARE also with
        NO KEY UPDATE, and the two strongest modes with themselves.
        """
        return self + other > LOCKS_TOGETHER


# The sums of the modes that two transactions can hold together are at most this.
LOCKS_TOGETHER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedRelation:
    """Table, index or other relation that can be locked.

    Attributes:
        table: oid of the table that an index or TOAST table belongs to; its own for
            others.
        file: number of its file, which changes when the table is rewritten; None if it
            has no file.
        partition_of: oid of the table that it is a partition of; 0 for others.
        scans: how often the current transaction began to scan it.
    """

    oid: int
    schema: str
    name: str
    kind: str
    table: int
    file: int | None
    partition_of: int
    scans: int

    @property
    def qualified_name(self) -> str:
        """The schema and name, unquoted: `public.tasks`."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """The locks that a transaction holds, and the relations that it can see.

    Attributes:
        modes: the modes that it holds, by the relation's oid.
        relations: the users' relations, by oid.
    """

    modes: Mapping[int, frozenset[LockMode]]
    relations: Mapping[int, LockedRelation]
