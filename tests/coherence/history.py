"""What processes have read and written, and whether a read was stale.

A counter only grows. A read is stale if its value is less than one that was
acknowledged, or returned by another read, before the read began.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Event:
    """A read or write that has returned.

    Attributes:
        kind: `r` or `w`; `up` or `down` where Redis answers, or does not.
        what: which number it is about: of which statement and key.
        start: when it began, by the clock that all processes of a machine share.
        end: when it had returned.
        value: the number.
        process: that made it.
        bound: of a read, the seconds by which it may be behind other processes.
    """

    kind: str
    what: str
    start: float
    end: float
    value: int
    process: str
    bound: float

    def line(self) -> str:
        """The event as a line of text."""
        numbers = f"{self.start!r} {self.end!r} {self.value} {self.process}"
        return f"{self.kind} {self.what} {numbers} {self.bound!r}\n"

    @staticmethod
    def of(line: str) -> Event:
        """Read a line."""
        kind, what, start, end, value, process, bound = line.split()
        return Event(
            kind, what, float(start), float(end), int(value), process, float(bound)
        )


@dataclass(frozen=True, slots=True)
class Stale:
    """A read that should have had a newer value."""

    read: Event
    newest: int
    age: float


def read_history(folder: Path) -> list[Event]:
    """All events that processes have noted; a killed one's last line may be cut."""
    return [
        Event.of(line)
        for path in folder.glob("*.log")
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.endswith("\n")
    ]


def stale_reads(
    events: Iterable[Event], forgiven: Sequence[tuple[float, float]] = ()
) -> list[Stale]:
    """Return the reads that were stale by more than they may be.

    Args:
        events: of all processes.
        forgiven: times in which reads that began may be as stale as they like.
    """
    by_what: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_what[event.what].append(event)
    found = []
    for several in by_what.values():
        known = _Known(several)
        own = {
            process: _Known([e for e in several if e.process == process])
            for process in {e.process for e in several}
        }
        for read in several:
            if read.kind != "r":
                continue
            if any(start <= read.start <= end for start, end in forgiven):
                continue
            newest = known.before(read.start - read.bound)
            newest = max(newest, own[read.process].written_before(read.start))
            if read.value < newest:
                age = read.start - known.since(read.value + 1)
                found.append(Stale(read, newest, age))
    return found


class _Known:
    """The newest value that was known at a time."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._all = _Growing(events)
        self._written = _Growing([e for e in events if e.kind == "w"])

    def before(self, time: float) -> int:
        return self._all.before(time)

    def written_before(self, time: float) -> int:
        return self._written.before(time)

    def since(self, value: int) -> float:
        return self._all.since(value)


class _Growing:
    def __init__(self, events: Sequence[Event]) -> None:
        ordered = sorted(events, key=lambda event: event.end)
        self._ends = [event.end for event in ordered]
        self._newest = [*accumulate((event.value for event in ordered), max)]

    def before(self, time: float) -> int:
        place = bisect_right(self._ends, time)
        return self._newest[place - 1] if place else 0

    def since(self, value: int) -> float:
        for end, newest in zip(self._ends, self._newest, strict=True):
            if newest >= value:
                return end
        return float("nan")
