"""How a Database reaches its server."""

from __future__ import annotations

import os
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict

from .limits import STATEMENT_TIMEOUT, milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `Database.open` takes.

    Attributes:
        conninfo: a URL or `host=… dbname=…`; what is missing comes from `PG…`
            variables of the environment.
        min_size: connections that are kept open.
        max_size: connections at most.
        timeout: seconds to wait for a free connection, then `PoolTimeout`.
        max_idle: seconds after which a connection beyond `min_size` is closed.
        max_lifetime: seconds after which a connection is replaced.
        statement_timeout: seconds that the server may work on a statement that has no
            `@timeout` of its own; None leaves it to the server's configuration.
        plain: use psycopg's documented API alone, which is slower.
    """

    conninfo: str = ""
    min_size: int = 1
    max_size: int = 10
    timeout: float = 30.0
    max_idle: float = 600.0
    max_lifetime: float = 3600.0
    statement_timeout: float | None = None
    plain: bool = False

    def server_options(self) -> dict[str, str]:
        """What the server is told as a connection is made."""
        if self.statement_timeout is None:
            return {}
        given = conninfo_to_dict(self.conninfo).get("options")
        options = given or os.environ.get("PGOPTIONS", "")
        limit = f"-c {STATEMENT_TIMEOUT}={milliseconds(self.statement_timeout)}"
        return {"options": f"{options} {limit}".strip()}
