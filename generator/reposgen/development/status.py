"""Status of development servers."""

from __future__ import annotations

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """Status of a server.

    Attributes:
        facts: names and values, for people to read; no passwords.
    """

    is_running: bool
    facts: tuple[tuple[str, str], ...]
