"""What is known of the locks of queries and of migrations."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from reposgen.live_schema.model.locks import LockMode
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reposgen.analysis.model import TypedQuery
    from reposgen.database.model import MigrationFile
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model.locks import LockedRelation, RowLock

    Modes: TypeAlias = Mapping[int, frozenset[LockMode]]

# Modes in which statements lock a table whose rows they lock or write.
LOCKING_ROWS: Final = frozenset({LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE})


class Wait(IntEnum):
    """Which calls of a method wait for a lock."""

    NONE = 0
    SOME = 1
    EVERY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RowStep:
    """Rows of one table that a statement locks.

    Attributes:
        table: oid of the table.
        mode: of the locks; None if the whole table is locked.
        pins: the columns of the rows that have a given value: `attnum` and what gives
            it, such as `@id`; empty if any row can be meant.
        is_exact: True if the statement has no other condition on the rows.
        many: True if there can be several rows.
        order: `attnum`s of a unique order in which the rows are locked; empty for an
            unspecified order.
        by_caller: True if the caller chooses the order, as in a batch.
        waits: False for SKIP LOCKED and NOWAIT.
        via: the foreign key that has the rows locked, or empty.
    """

    table: int
    mode: RowLock | None
    pins: frozenset[tuple[int, str]] = frozenset()
    is_exact: bool = False
    many: bool = False
    order: tuple[int, ...] = ()
    by_caller: bool = False
    waits: bool = True
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLocks:
    """The locks of one query.

    Attributes:
        method: the name of the method, as `app.tasks.get_task`.
        variants: for each statement that the query can send, the modes by relation that
            every call with it takes.
        perhaps: modes by relation that some rows bring about, through partitions,
            foreign keys, triggers, policies and functions.
        rows: the rows that it locks, in order.
        unobserved: why the server did not tell the locks; None if it did.
    """

    query: TypedQuery
    method: str
    variants: tuple[Modes, ...] = ()
    perhaps: Modes = field(default_factory=dict)
    rows: tuple[RowStep, ...] = ()
    unobserved: str | None = None

    def waits_for(self, held: Modes) -> Wait:
        """Return which calls wait while another transaction holds locks."""
        found = [conflict(modes, held) for modes in self.variants]
        if found and all(found):
            return Wait.EVERY
        if any(found) or conflict(self.perhaps, held):
            return Wait.SOME
        if any(share_rows(modes, held) for modes in (*self.variants, self.perhaps)):
            return Wait.SOME
        return Wait.NONE


def conflict(modes: Modes, held: Modes) -> bool:
    """Return True if two transactions cannot hold locks together."""
    return any(
        one.conflicts(other)
        for oid in modes.keys() & held.keys()
        for one in modes[oid]
        for other in held[oid]
    )


def share_rows(modes: Modes, held: Modes) -> bool:
    """Return True if two transactions can lock the same rows of a table."""
    return any(
        not LOCKING_ROWS.isdisjoint(modes[oid])
        and not LOCKING_ROWS.isdisjoint(held[oid])
        for oid in modes.keys() & held.keys()
    )


def strongest(modes: Iterable[LockMode]) -> LockMode:
    """Return the strongest of several modes."""
    return max(modes)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLock:
    """Strongest mode in which a query locks a table; not `always`: some calls do."""

    table: str
    mode: LockMode
    always: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLocks:
    """The locks of the queries of a package.

    Attributes:
        queries: by file, in the order of the file.
        relations: what can be locked, by oid.
    """

    queries: Mapping[str, tuple[QueryLocks, ...]]
    relations: Mapping[int, LockedRelation]

    def tables(self, locks: QueryLocks) -> tuple[TableLock, ...]:
        """Return the tables that a query locks, by name; its indexes with them."""
        always = [self._strongest(modes) for modes in locks.variants]
        sure = {
            table: min(modes[table] for modes in always)
            for table in (always[0] if always else ())
            if all(table in modes for modes in always)
        }
        some: dict[int, LockMode] = {}
        for modes in (*always, self._strongest(locks.perhaps)):
            for table, mode in modes.items():
                if mode > max(sure.get(table, 0), some.get(table, 0)):
                    some[table] = mode
        found = [(table, mode, True) for table, mode in sure.items()]
        found += [(table, mode, False) for table, mode in some.items()]
        return tuple(
            sorted(
                (
                    TableLock(
                        table=self.relations[table].qualified_name,
                        mode=mode,
                        always=is_sure,
                    )
                    for table, mode, is_sure in found
                    if table in self.relations
                ),
                key=lambda one: (one.table, not one.always),
            )
        )

    def _strongest(self, modes: Modes) -> dict[int, LockMode]:
        found: dict[int, LockMode] = {}
        for oid, several in modes.items():
            relation = self.relations.get(oid)
            table = relation.table if relation else oid
            found[table] = max(strongest(several), found.get(table, LockMode(1)))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFinding:
    """A lock of a migration.

    Attributes:
        diagnostic: what is reported of it.
        table: qualified name of the table.
        mode: of the lock, as LOCK TABLE names it.
        until: until when it is held.
        waiting: methods of which every call waits.
        perhaps: methods of which some calls wait.
    """

    diagnostic: Diagnostic
    table: str = ""
    mode: str = ""
    until: str = ""
    waiting: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMigration:
    """What is reported of one migration.

    Attributes:
        findings: in the order of the statements.
    """

    file: MigrationFile
    findings: tuple[LockFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A query of a transaction.

    Attributes:
        query: the name after `-- name:`.
        file: the path of its file.
        arguments: name of a parameter → the name of its value in the transaction, where
            the two differ.
        span: where the transaction names it.
    """

    query: str
    file: str
    arguments: Mapping[str, str]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A line `-- @transaction name: Query, file.Query`.

    Attributes:
        calls: in their order.
        span: of its name.
    """

    name: str
    calls: tuple[Call, ...]
    span: Span
