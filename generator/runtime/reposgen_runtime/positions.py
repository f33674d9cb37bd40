"""Positions of servers in the write-ahead log (WAL)."""

from __future__ import annotations

from typing import Final, NamedTuple

# Positions are numbers of bytes from the start of the WAL. The name of a WAL file
# begins with its timeline.
PRIMARY_QUERY: Final = """
SELECT pg_catalog.pg_wal_lsn_diff(
        pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint,
    pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')),
    pg_catalog.current_setting('wal_block_size')::bigint,
    (SELECT system_identifier FROM pg_catalog.pg_control_system()),
    ('x' OPERATOR(pg_catalog.||) pg_catalog.left(
        pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8
    ))::bit(32)::bigint
"""
# A replica does not report its timeline. It has been on each of these timelines: that
# of the WAL that it receives, which only monitoring roles can see; and those of the
# points from which, and up to which, it would recover, which can be some minutes old.
REPLICA_QUERY: Final = """
SELECT pg_catalog.pg_is_in_recovery(),
    pg_catalog.pg_wal_lsn_diff(
        pg_catalog.pg_last_wal_replay_lsn(), '0/0')::bigint,
    extract(epoch FROM pg_catalog.clock_timestamp()
        OPERATOR(pg_catalog.-) pg_catalog.pg_last_xact_replay_timestamp()
    )::double precision,
    (SELECT system_identifier FROM pg_catalog.pg_control_system()),
    greatest(
        (SELECT pg_catalog.max(received_tli) FROM pg_catalog.pg_stat_wal_receiver),
        (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),
        (SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery())
    )::bigint
"""
# Size of a WAL page header; the first page of a segment has a longer one.
_HEADER: Final = 24
_LONG_HEADER: Final = 40


class History(NamedTuple):
    """Identity of a WAL history; positions are comparable only within one history.

    Attributes:
        system: the system identifier of the cluster.
        timeline: the timeline. Each promotion begins a new one, which can lack records
            that replicas of the old primary have.
    """

    system: int
    timeline: int


def end_of_log(position: int, segment: int, block: int) -> int:
    """Return the end of the last record, given the insert position of the next one.

    Replicas report the end of the last record. A page header can lie between the two.
    """
    if position % segment == _LONG_HEADER:
        return position - _LONG_HEADER
    if position % block == _HEADER:
        return position - _HEADER
    return position


class WalPositions:
    """The primary's WAL positions over time, and the position of the last write.

    Threads share the object: attributes are replaced as a whole, never modified.

    Attributes:
        history: the primary's history at the last sample; None before the first one.
    """

    def __init__(self, max_lag: float | None, grain: float) -> None:
        """Start with no sample and no write.

        Args:
            max_lag: seconds for which samples are kept.
            grain: minimum seconds between two kept samples.
        """
        self._max_lag = max_lag or 0.0
        self._grain = grain
        self.history: History | None = None
        self._samples: tuple[tuple[float, int], ...] = ()
        self._written: object = None
        self._placed: object = None
        self._position = 0

    def record_write(self) -> None:
        """Record a possible write that later reads must see."""
        # A number would need an atomic increment.
        self._written = object()

    def mark(self) -> object:
        """Return a token for the last write, to pass to `record_sample`."""
        return self._written

    def record_sample(
        self, mark: object, asked: float, position: int, history: History
    ) -> None:
        """Record the primary's position.

        Args:
            mark: token of the last write before the primary was queried.
            asked: `time.monotonic()` of the query.
            position: the end of the primary's WAL.
            history: the history that the position belongs to.
        """
        kept = self._samples
        is_new = history != self.history
        # After a failover the log may be shorter than it was.
        if is_new or (kept and position < kept[-1][1]):
            kept = ()
        # Set before the position, so that readers of the position see this history.
        self.history = history
        if kept[1:] and kept[-1][0] - kept[-2][0] < self._grain:
            kept = kept[:-1]
        while kept[1:] and kept[1][0] <= asked - self._max_lag:
            kept = kept[1:]
        self._samples = (*kept, (asked, position))
        if is_new or mark is not self._placed or position < self._position:
            self._position = position
            self._placed = mark

    def required_lsn(self) -> int | None:
        """Return the position that a replica needs to serve reads; None if unknown."""
        return self._position if self._placed is self._written else None

    def lag(self, position: int, age: float | None) -> float | None:
        """Return an upper bound of a replica's lag in seconds; None if unknown.

        Args:
            position: the end of the WAL that the replica has replayed.
            age: seconds since the commit of the last transaction that it has replayed.
                It overstates the lag if nothing was written since.
        """
        samples = self._samples
        if not samples:
            return None
        for asked, end in reversed(samples):
            if end <= position:
                return samples[-1][0] - asked
        return age
