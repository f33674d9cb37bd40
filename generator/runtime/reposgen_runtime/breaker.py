"""Circuit breaker: calls to an unreachable server fail at once for a while."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Final

from .errors import CircuitOpen

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

_logger: Final = logging.getLogger(__name__)
# A random part keeps many programs from trying a server at the same time.
_SPREAD: Final = 0.25


class BreakerState(StrEnum):
    """State of a circuit breaker."""

    CLOSED = "closed"
    """All of them do."""

    OPEN = "open"
    """None does: they raise `CircuitOpen`."""

    HALF_OPEN = "half-open"
    """One does, to see if the server is back; the others raise `CircuitOpen`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChange:
    """A change of a circuit breaker's state.

    Attributes:
        server: the server of the breaker: `host:port/database`.
        before: the previous state.
        after: the new state.
    """

    server: str
    before: BreakerState
    after: BreakerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Settings of the circuit breaker that protects a server.

    Only failures to reach the server count: a connection could not be made, or could
    not be made again after it broke. Errors of statements never count.

    Attributes:
        failures: consecutive failures that open the breaker.
        wait: seconds until one call may try the server again, varied at random by up to
            25 %. That call waits at most this long for a connection.
        on_state_change: called with each change, in the task or thread that caused it,
            so it should return quickly. Its exceptions are logged.
    """

    failures: int = 5
    wait: float = 1.0
    on_state_change: Callable[[BreakerChange], object] | None = None

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ValueError: `failures` is below 1, or `wait` is not positive.
        """
        if self.failures < 1:
            raise ValueError(f"failures={self.failures}: it takes one at least")
        if self.wait <= 0:
            raise ValueError(f"wait={self.wait:g}: seconds, more than 0")


DEFAULT_BREAKER: Final = Breaker()


class Circuit:
    """Circuit breaker of one server, shared by all threads.

    Attributes:
        state: state that determines if calls pass.
        failures: number of consecutive failures.
    """

    def __init__(
        self,
        breaker: Breaker,
        server: str,
        notify: Callable[[BreakerChange], None] | None = None,
    ) -> None:
        self.state = BreakerState.CLOSED
        self.failures = 0
        self._breaker = breaker
        self._server = server
        self._notify = notify
        self._lock = Lock()
        self._next = 0.0
        self._cause: psycopg.Error | None = None

    @property
    def wait(self) -> float:
        """Seconds that a call which tries the server may wait for a connection."""
        return self._breaker.wait

    @property
    def is_available(self) -> bool:
        """True if a call would be let through."""
        match self.state:
            case BreakerState.CLOSED:
                return True
            case BreakerState.OPEN:
                return monotonic() >= self._next
            case BreakerState.HALF_OPEN:
                return False

    def move(self, server: str) -> None:
        """Protect another server from now on, starting with a closed breaker."""
        self._server = server
        self.reached()

    def worked(self) -> None:
        """Record that an ordinary call reached the server."""
        if self.state is BreakerState.CLOSED:
            self.failures = 0

    def failed(self, error: psycopg.Error) -> None:
        """Record that a call did not reach the server, and open the breaker if due."""
        with self._lock:
            self._cause = error
            if self.state is not BreakerState.CLOSED:
                return
            self.failures += 1
            if self.failures < self._breaker.failures:
                return
            change = self._open()
        self._tell(change)

    def reached(self) -> None:
        """Record that the server answered; close the breaker."""
        with self._lock:
            self.failures = 0
            change = self._change(BreakerState.CLOSED)
        self._tell(change)

    def begin_attempt(self) -> None:
        """Let one call try the server; it reports `reached` or `attempt_failed`.

        Raises:
            CircuitOpen: the wait is not over, or another call is trying the server.
        """
        with self._lock:
            if not self.is_available:
                raise CircuitOpen(self._why(), driver_error=self._cause)
            change = self._change(BreakerState.HALF_OPEN)
        self._tell(change)

    def attempt_failed(self) -> None:
        """Record that the trial call did not reach the server; open the breaker."""
        with self._lock:
            # Another call can have reached the server meanwhile.
            if self.state is not BreakerState.HALF_OPEN:
                return
            self.failures += 1
            change = self._open()
        self._tell(change)

    def _open(self) -> BreakerChange:
        wait = self._breaker.wait
        spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 -- no secret
        self._next = monotonic() + wait * spread
        return self._change(BreakerState.OPEN)

    def _change(self, after: BreakerState) -> BreakerChange:
        before, self.state = self.state, after
        return BreakerChange(server=self._server, before=before, after=after)

    def _why(self) -> str:
        text = f"{self._server} could not be reached, {self.failures} times in a row"
        if self.state is BreakerState.OPEN:
            left = max(0.0, self._next - monotonic())
            return f"{text}: it is tried again in {left:.1f} s"
        return f"{text}: it is being tried right now"

    def _tell(self, change: BreakerChange) -> None:
        if change.before is change.after:
            return
        if self._notify is not None:
            self._notify(change)
        callback = self._breaker.on_state_change
        if callback is None:
            return
        try:
            callback(change)
        except Exception:  # a caller's call must not fail with it
            _logger.exception("on_state_change failed at %s", change)
