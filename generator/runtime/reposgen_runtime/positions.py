"""How far servers are in the write-ahead log."""

from __future__ import annotations

from typing import Final

# Positions are numbers of bytes, from the log's beginning.
PRIMARY_QUERY: Final = """
SELECT (pg_current_wal_insert_lsn() - '0/0')::int8,
    pg_size_bytes(current_setting('wal_segment_size')),
    current_setting('wal_block_size')::int8
"""
REPLICA_QUERY: Final = """
SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::int8,
    extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8
"""
# What a block of the log begins with; the first one of a segment has more.
_HEADER: Final = 24
_LONG_HEADER: Final = 40


def end_of_log(position: int, segment: int, block: int) -> int:
    """Where the last record ends, from where the next one will be.

    Replicas tell the former. Between the two there may be the beginning of a block.
    """
    if position % segment == _LONG_HEADER:
        return position - _LONG_HEADER
    if position % block == _HEADER:
        return position - _HEADER
    return position


class Log:
    """The primary's positions over time, and that of this Database's last write.

    Threads share it: each attribute is replaced as a whole, never changed.
    """

    def __init__(self, max_lag: float | None, grain: float) -> None:
        """Begin with no position and no write.

        Args:
            max_lag: seconds for which positions are of interest.
            grain: seconds between two that are kept.
        """
        self._max_lag = max_lag or 0.0
        self._grain = grain
        self._samples: tuple[tuple[float, int], ...] = ()
        self._written: object = None
        self._placed: object = None
        self._position = 0

    def wrote(self) -> None:
        """Something may have been written that is to be seen from now on."""
        # A number would have to be counted up in one step.
        self._written = object()

    def mark(self) -> object:
        """The last write, to be handed to `sampled`."""
        return self._written

    def sampled(self, mark: object, asked: float, position: int) -> None:
        """Take the primary's word.

        Args:
            mark: the last write before it was asked.
            asked: when that was.
            position: the end of its log.
        """
        kept = self._samples
        # After a failover the log may be shorter than it was.
        if kept and position < kept[-1][1]:
            kept = ()
        if kept[1:] and kept[-1][0] - kept[-2][0] < self._grain:
            kept = kept[:-1]
        while kept[1:] and kept[1][0] <= asked - self._max_lag:
            kept = kept[1:]
        self._samples = (*kept, (asked, position))
        if mark is not self._placed or position < self._position:
            self._position = position
            self._placed = mark

    def needed(self) -> int | None:
        """What a replica must have to serve reads; None if that is not known."""
        return self._position if self._placed is self._written else None

    def lag(self, position: int, age: float | None) -> float | None:
        """Seconds by which a replica is behind, at most; None if that is not known.

        Args:
            position: the end of what it has.
            age: seconds since the last transaction that it has was committed. That
                is no lag if nothing was written since.
        """
        samples = self._samples
        if not samples:
            return None
        for asked, end in reversed(samples):
            if end <= position:
                return samples[-1][0] - asked
        return age
