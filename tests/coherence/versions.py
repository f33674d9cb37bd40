"""What processes have read of rows, compared with the versions that were committed.

A row that was read is stale if a newer version of it was known to be committed before
the read began. A row that is missing from a result is stale if each version that could
be meant belongs to the result.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.coherence.collaboration import scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from psycopg import Connection

_VERSIONS: Final = (
    "SELECT place, transaction::text::bigint, kind || ' ' || key, parent, tenant::text,"
    " stamp, shown, kind FROM checker.versions ORDER BY place"
)


class Version(NamedTuple):
    """A version of a row that was committed.

    Attributes:
        place: in the order of the versions of a row.
        transaction: that made it.
        row: its kind and key.
        parent: key of the row that it belongs to.
        tenant: whose row it is.
        stamp: its number; 0 of a row that has only one version.
        shown: it is neither deleted nor hidden.
        kind: the table.
    """

    place: int
    transaction: int
    row: str
    parent: str | None
    tenant: str
    stamp: int
    shown: bool
    kind: str


class Read(NamedTuple):
    """Calls of a process, one after the other, that have returned the same.

    Attributes:
        process: that made them.
        seen: when the first one had returned.
        start: when the last one began.
        times: how many there are.
        bound: seconds by which they may be behind other processes.
        tenant: for whom they were made.
        read: the method.
        arguments: of the calls.
        stamps: of the rows that they have returned.
    """

    process: str
    seen: float
    start: float
    times: int
    bound: float
    tenant: str
    read: str
    arguments: dict[str, Any]
    stamps: dict[str, int]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A read that should have returned something else."""

    read: Read
    row: str
    why: str
    age: float = 0.0

    def __str__(self) -> str:
        read = self.read
        return (
            f"{read.read}({read.arguments}) of process {read.process} at"
            f" {read.start:.3f}, bound {read.bound}: {self.row}: {self.why}"
            f" for {self.age:.3f} s; it returned {read.stamps}"
        )


class Histories:
    """What the processes of a folder have noted.

    Attributes:
        reads: what they have read.
        count: how many reads there were.
        acknowledged: when each process knew of a transaction of its own.
        down: when Redis did not answer a process.
    """

    def __init__(self, folder: Path) -> None:
        self.reads: list[Read] = []
        self.count = 0
        self.acknowledged: dict[str, dict[int, float]] = defaultdict(dict)
        self.down: list[tuple[str, float]] = []
        self.outcomes: dict[str, int] = defaultdict(int)
        for path in folder.glob("*.log"):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    # That of a killed process can be cut.
                    if line.endswith("\n"):
                        self._take(path.stem, *json.loads(line))

    def _take(self, process: str, kind: str, *rest: Any) -> None:  # noqa: ANN401 -- JSON
        match kind:
            case "read":
                read = Read(process, *rest)
                self.count += read.times
                self.reads.append(read)
            case "commit":
                transaction, end = rest
                self.acknowledged[process][transaction] = end
            case "down":
                self.down.append((process, rest[0]))
            case "did":
                self.outcomes[rest[0]] += 1
            case _:
                raise AssertionError(kind)


class _Growing:
    """The newest version of a row that was known at a time."""

    def __init__(self, known: Iterable[tuple[float, int]]) -> None:
        ordered = sorted(known)
        self._times = [time for time, _ in ordered]
        self._places = [*accumulate((place for _, place in ordered), max)]

    def before(self, time: float) -> int:
        found = bisect_right(self._times, time)
        return self._places[found - 1] if found else 0

    def since(self, place: int) -> float:
        """When that version, or a newer one, was known."""
        return next(
            (t for t, p in zip(self._times, self._places, strict=True) if p >= place),
            inf,
        )


class Checker:
    """Compares reads with the versions of rows."""

    def __init__(
        self,
        connection: Connection[Any],
        histories: Histories,
        observed: dict[int, float],
    ) -> None:
        """Read the versions.

        Args:
            connection: to the database.
            histories: of the processes.
            observed: when a transaction was known to be committed by everybody.
        """
        self._histories = histories
        versions = [Version(*row) for row in connection.execute(_VERSIONS)]
        self._by_row: dict[str, list[Version]] = defaultdict(list)
        self._children: dict[tuple[str, str | None], set[str]] = defaultdict(set)
        self._by_stamp: dict[tuple[str, int], Version] = {}
        for version in versions:
            self._by_row[version.row].append(version)
            self._children[version.kind, version.parent].add(version.row)
            if version.shown:
                self._by_stamp[version.row, version.stamp] = version
        known = dict(observed)
        for acknowledged in histories.acknowledged.values():
            for transaction, end in acknowledged.items():
                known[transaction] = min(end, known.get(transaction, inf))
        for read in histories.reads:
            for row, stamp in read.stamps.items():
                seen = self._by_stamp.get((row, stamp))
                if seen is not None:
                    when = known.get(seen.transaction, inf)
                    known[seen.transaction] = min(read.seen, when)
        self._known = self._timelines(known)
        self._own = {
            process: self._timelines(acknowledged)
            for process, acknowledged in histories.acknowledged.items()
        }

    def _timelines(self, known: dict[int, float]) -> dict[str, _Growing]:
        return {
            row: _Growing(
                (known[v.transaction], v.place)
                for v in versions
                if v.transaction in known
            )
            for row, versions in self._by_row.items()
        }

    def wrong(self, forgiven: Sequence[tuple[float, float]] = ()) -> Iterator[Wrong]:
        """Yield the reads that were stale by more than they may be.

        Args:
            forgiven: times in which reads that began may be as stale as they like.
        """
        for read in self._histories.reads:
            if not any(start <= read.start <= end for start, end in forgiven):
                yield from self._wrong_of(read)

    def _wrong_of(self, read: Read) -> Iterator[Wrong]:
        rows, parents = scope(read.read, read.arguments)
        wanted = dict.fromkeys(rows)
        if not rows or rows[0] in read.stamps or read.read == "tasks.get_batch":
            for kind, parent in parents:
                wanted.update((row, parent) for row in self._children[kind, parent])
        for row in read.stamps:
            if row not in wanted:
                yield Wrong(read, row, "does not belong to the result")
        for row, of in wanted.items():
            yield from self._wrong_row(read, row, of)

    def _wrong_row(self, read: Read, row: str, parent: str | None) -> Iterator[Wrong]:
        known = self._known.get(row)
        if known is None:
            return
        least = known.before(read.start - read.bound)
        own = self._own.get(read.process, {}).get(row)
        if own is not None:
            least = max(least, own.before(read.start))
        stamp = read.stamps.get(row)
        if stamp is not None:
            version = self._by_stamp.get((row, stamp))
            if version is None or not _belongs(version, read, parent):
                yield Wrong(read, row, f"version {stamp} was never to be seen")
            elif version.place < least:
                age = read.start - known.since(version.place + 1)
                yield Wrong(read, row, f"stale: {version.place} < {least}", age)
            return
        possible = [v for v in self._by_row[row] if v.place >= least]
        if least and all(_belongs(v, read, parent) for v in possible):
            age = read.start - known.since(least)
            yield Wrong(read, row, f"missing: {least}", age)


def _belongs(version: Version, read: Read, parent: str | None) -> bool:
    if not version.shown or version.tenant != read.tenant:
        return False
    return parent is None or version.parent == parent
