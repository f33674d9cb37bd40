"""What is made of servers' positions in the log."""

from __future__ import annotations

import pytest

from reposgen_runtime.positions import History, WalPositions, end_of_log

SEGMENT = 16 * 2**20
BLOCK = 8192
HERE = History(1, 1)


@pytest.mark.parametrize(
    ("position", "end"),
    [
        (3 * SEGMENT + 40, 3 * SEGMENT),
        (3 * SEGMENT + 5 * BLOCK + 24, 3 * SEGMENT + 5 * BLOCK),
        # There, a record may end.
        (3 * SEGMENT + 5 * BLOCK + 40, 3 * SEGMENT + 5 * BLOCK + 40),
        (3 * SEGMENT + 5 * BLOCK + 32, 3 * SEGMENT + 5 * BLOCK + 32),
        (3 * SEGMENT, 3 * SEGMENT),
    ],
)
def test_where_the_last_record_ends(position: int, end: int) -> None:
    assert end_of_log(position, SEGMENT, BLOCK) == end


def test_a_write_is_placed_by_what_was_asked_after_it() -> None:
    log = WalPositions(10, 0.5)
    assert log.required_lsn() == 0
    log.record_write()
    assert log.required_lsn() is None
    before = log.mark()
    log.record_write()
    log.record_sample(before, 1.0, 100, HERE)
    assert log.required_lsn() is None
    log.record_sample(log.mark(), 2.0, 200, HERE)
    assert log.required_lsn() == 200
    # What others write is nobody's concern.
    log.record_sample(log.mark(), 3.0, 300, HERE)
    assert log.required_lsn() == 200


def test_after_a_failover_the_log_may_be_shorter() -> None:
    log = WalPositions(10, 0.5)
    log.record_write()
    log.record_sample(log.mark(), 1.0, 200, HERE)
    log.record_sample(log.mark(), 2.0, 150, HERE)
    assert log.required_lsn() == 150
    assert log.lag(150, None) == 0


def test_lag_is_measured_in_positions() -> None:
    log = WalPositions(10, 0.5)
    assert log.lag(100, 0.0) is None
    log.record_sample(None, 1.0, 100, HERE)
    # Nothing is known from before: the replica's clock has to do.
    assert log.lag(90, 70.0) == 70
    assert log.lag(90, None) is None
    # An idle primary is no lag, whenever it last did anything.
    assert log.lag(100, 3600.0) == 0
    log.record_sample(None, 2.0, 100, HERE)
    log.record_sample(None, 3.0, 200, HERE)
    assert log.lag(150, 5.0) == 1
    assert log.lag(200, 5.0) == 0


def test_positions_are_kept_as_long_as_they_may_matter() -> None:
    log = WalPositions(10, 0.5)
    for step in range(1000):
        log.record_sample(None, step / 10, step, HERE)
    # Half a second apart, back to what is ten seconds old.
    assert log.lag(0, None) is None
    assert log.lag(999, None) == 0
    assert log.lag(950, None) == pytest.approx(4.9, abs=0.5)
    assert log.lag(880, None) is None


def test_after_a_failover_positions_are_of_another_history() -> None:
    log = WalPositions(10, 0.5)
    log.record_write()
    log.record_sample(log.mark(), 1.0, 200, HERE)
    assert log.history == HERE
    promoted = History(1, 2)
    log.record_sample(log.mark(), 2.0, 300, promoted)
    # What was written may have been lost: nobody knows up to where.
    assert log.required_lsn() == 300
    assert log.history == promoted
    assert log.lag(200, 5.0) == 5
