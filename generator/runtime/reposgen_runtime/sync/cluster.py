# Derived from ../aio/cluster.py by derive_sync.py: change that file.
"""Discovery of the primary among several hosts."""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg

from ..connection_state import state_of
from ..errors import OutOfResources
from ..statistics import server_name
from ..translate import unreachable
from ._background import Condition, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from ..positions import History
    from .replicas import Member

_logger: Final = logging.getLogger(__name__)


class Cluster:
    """Decision which of several hosts is the primary.

    Each host is queried in the background, so a host that does not answer delays no
    other. The primary is the only host that is not a standby; of several, the host on
    the newest timeline. There is no primary until each host has answered, or has failed
    to within its `connect_timeout`. A host on an older timeline than another host has,
    or had when it last answered, is a former primary.

    Attributes:
        members: a member for each host.
        moved: called when another host has become the primary.
    """

    def __init__(self, seconds: int) -> None:
        """Start without any information.

        Args:
            seconds: seconds that each connection attempt waits for a primary.
        """
        self.moved: Callable[[], None] | None = None
        self.members: Sequence[Member] = ()
        self._seconds = seconds
        self._heard = set[object]()
        self._claims: dict[Member, History] = {}
        self._primary: Member | None = None
        self._latest: Member | None = None
        # The latest history of each member, including standbys.
        self._known: dict[Member, History] = {}
        self._why = "not all hosts have answered yet"
        self._changed = Condition()
        self._is_over = False

    @property
    def primary(self) -> Member | None:
        """The current primary; None while it is unknown."""
        return self._primary

    @property
    def latest(self) -> Member | None:
        """The host that was the primary last, even if it is gone."""
        return self._latest

    @property
    def name(self) -> str:
        """Name of the primary for messages; names of all hosts before it is known."""
        members = self.members if self._latest is None else (self._latest,)
        return ",".join(
            server_name(member.settings.hosts.conninfo) for member in members
        )

    def start(self) -> None:
        """Start querying the members."""
        self._changed = Condition()
        self._is_over = False
        self._heard.clear()
        self._claims.clear()
        self._known.clear()
        for member in self.members:
            member.start()

    def stop(self) -> None:
        """Wake all that wait for a primary, with an error."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def poll_soon(self) -> None:
        """Query the members soon."""
        for member in self.members:
            member.poll_soon()

    def hear(self, member: Member, history: History | None) -> None:
        """Process a member's answer.

        Args:
            member: the member.
            history: its WAL history if it is not a standby; None if it is a standby or
                did not answer.
        """
        with self._changed:
            self._heard.add(member)
            if history is None:
                self._claims.pop(member, None)
            else:
                self._claims[member] = history
            known = history or member.history
            if known is not None:
                self._known[member] = known
            before, self._primary = self._primary, self._judge()
            primary, latest = self._primary, self._latest
            if primary is not None:
                self._latest = primary
            self._changed.notify_all()
        if primary is before:
            return
        if primary is None:
            _logger.warning("no primary: %s", self._why)
            self.poll_soon()
            return
        _logger.info("%s is the primary", self.name)
        if latest is not None and latest is not primary and self.moved is not None:
            self.moved()

    def lose(self, member: Member) -> None:
        """Assume that a member is not the primary, until it reports so again."""
        self.hear(member, None)
        self.poll_soon()

    def connect(
        self,
        connect: Callable[..., Any],
        **options: Any,  # noqa: ANN401, RUF100 -- psycopg's
    ) -> Connection[Any]:
        """Connect to the primary, waiting until there is one.

        Raises:
            psycopg.OperationalError: there was no primary in time, or it refused the
                connection.
        """
        end = monotonic() + self._seconds
        failed: Member | None = None
        while True:
            member = self._find(end)
            try:
                connection: Connection[Any] = connect(
                    member.settings.hosts.conninfo, **options
                )
            except psycopg.OperationalError as error:
                # A server that has no free connection slots is still reachable.
                if isinstance(unreachable(error), OutOfResources):
                    raise
                self.lose(member)
                if member is failed or monotonic() >= end:
                    raise
                failed = member
                continue
            state_of(connection).host = member
            return connection

    def leads_here(self, connection: Connection[Any]) -> bool:
        """Return True if a connection leads to the host that was the primary last."""
        return state_of(connection).host is self._latest

    def _find(self, end: float) -> Member:
        with self._changed:
            while self._primary is None:
                left = end - monotonic()
                if self._is_over or left <= 0:
                    raise psycopg.OperationalError(f"no primary: {self._why}")
                wait(self._changed, left)
            return self._primary

    def _judge(self) -> Member | None:
        """Return the primary, or store the reason why there is none."""
        claims = {
            member: history
            for member, history in self._claims.items()
            if history.timeline >= self._newest(history.system)
        }
        match [*claims]:
            case _ if len(self._heard) < len(self.members):
                self._why = "not all hosts have answered yet"
            case [member]:
                return member
            case []:
                self._why = "; ".join(map(self._describe, self.members))
            case several:
                self._why = f"{' and '.join(map(_name, several))} both are one"
        return None

    def _newest(self, system: int) -> int:
        known = self._known.values()
        return max(each.timeline for each in known if each.system == system)

    def _describe(self, member: Member) -> str:
        if (history := self._claims.get(member)) is not None:
            newest = self._newest(history.system)
            return (
                f"{_name(member)} is on timeline {history.timeline}, another host"
                f" on timeline {newest}"
            )
        return f"{_name(member)} is {member.described}"


def _name(member: Member) -> str:
    return server_name(member.settings.hosts.conninfo)
