"""The circuit breaker by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from reposgen_runtime.breaker import Breaker, BreakerChange, BreakerState, Circuit
from reposgen_runtime.errors import CircuitOpen

ERROR = psycopg.OperationalError("connection refused")
# Shorter than the clock can tell: the next attempt is due at once.
AT_ONCE = 1e-9
NEVER = 1000.0


class Journal:
    """A breaker's changes."""

    def __init__(self) -> None:
        self.states: list[BreakerState] = []

    def __call__(self, change: BreakerChange) -> None:
        assert change.server == "here"
        self.states.append(change.after)


def state(circuit: Circuit) -> tuple[BreakerState, bool]:
    return circuit.state, circuit.is_available


def failing(circuit: Circuit, times: int) -> None:
    for _ in range(times):
        circuit.failed(ERROR)


def test_it_opens_after_failures_in_a_row() -> None:
    journal = Journal()
    circuit = Circuit(Breaker(failures=3, wait=NEVER, on_state_change=journal), "here")
    failing(circuit, 2)
    circuit.worked()
    failing(circuit, 2)
    assert state(circuit) == (BreakerState.CLOSED, True)
    assert journal.states == []
    failing(circuit, 1)
    assert state(circuit) == (BreakerState.OPEN, False)
    assert journal.states == [BreakerState.OPEN]
    failing(circuit, 5)
    assert circuit.failures == 3
    with pytest.raises(CircuitOpen, match=r"here .* 3 times in a row: .* in [\d.]+ s"):
        circuit.begin_attempt()


def test_what_was_under_way_does_not_close_it() -> None:
    circuit = Circuit(Breaker(failures=1, wait=NEVER), "here")
    circuit.failed(ERROR)
    circuit.worked()
    assert state(circuit) == (BreakerState.OPEN, False)
    circuit.reached()
    assert state(circuit) == (BreakerState.CLOSED, True)
    assert circuit.failures == 0


def test_one_attempt_decides() -> None:
    journal = Journal()
    circuit = Circuit(
        Breaker(failures=1, wait=AT_ONCE, on_state_change=journal), "here"
    )
    circuit.failed(ERROR)
    circuit.begin_attempt()
    assert state(circuit) == (BreakerState.HALF_OPEN, False)
    with pytest.raises(CircuitOpen, match="tried right now") as caught:
        circuit.begin_attempt()
    assert caught.value.driver_error is ERROR
    circuit.attempt_failed()
    circuit.begin_attempt()
    circuit.reached()
    # Of one that came too late.
    circuit.attempt_failed()
    assert state(circuit) == (BreakerState.CLOSED, True)
    assert journal.states == [
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
        BreakerState.CLOSED,
    ]


def test_of_many_threads_one_attempts() -> None:
    circuit = Circuit(Breaker(failures=8, wait=AT_ONCE), "here")
    together = Barrier(8)

    def attempt(_: int) -> bool:
        together.wait()
        circuit.failed(ERROR)
        together.wait()
        try:
            circuit.begin_attempt()
        except CircuitOpen:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1


def test_a_callback_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: BreakerChange) -> None:
        raise RuntimeError("no pager")

    circuit = Circuit(Breaker(failures=1, on_state_change=fail), "here")
    circuit.failed(ERROR)
    assert circuit.state is BreakerState.OPEN
    assert "no pager" in caplog.text


@pytest.mark.parametrize("settings", [{"failures": 0}, {"wait": 0}, {"wait": -1.0}])
def test_settings_without_sense(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"^(failures|wait)="):
        Breaker(**settings)  # type: ignore[arg-type] # that is what is tested
