"""Settings that are local to a statement: the tenant and the timeout."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from .errors import InvalidArgument, InvalidText, TenantRequired
from .statement import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .statement import Package

_logger: Final = logging.getLogger(__name__)

STATEMENT_TIMEOUT: Final = "statement_timeout"

# In a pipeline with a statement these are one transaction with it, and end with it.
SET: Final = Statement[str](
    "settings",
    "SELECT pg_catalog.set_config(name, value, true)"
    # `unnest` of several arrays always means the built-in function.
    " FROM unnest($1, $2) AS settings(name, value)",
    parameters=("text[]", "text[]"),
    results=("text",),
)
# In a transaction that continues, the previous value is kept in another setting.
LIMIT: Final = Statement[str](
    "limit",
    "WITH kept AS MATERIALIZED ("
    "SELECT pg_catalog.set_config("
    "$1, pg_catalog.current_setting('statement_timeout'), true)"
    ") SELECT pg_catalog.set_config('statement_timeout', $2, true) FROM kept",
    parameters=("text", "text"),
    results=("text",),
)
UNLIMIT: Final = Statement[str](
    "unlimit",
    "SELECT pg_catalog.set_config("
    "'statement_timeout', pg_catalog.current_setting($1), true)",
    parameters=("text",),
    results=("text",),
)
# Checks deferred constraints now instead of at COMMIT.
CHECK_NOW: Final = Statement[str]("constraints", "SET CONSTRAINTS ALL IMMEDIATE")
# Separate, because statements can run while a stream is open.
KEPT_BY_STATEMENT: Final = "repositories.statement"
KEPT_BY_BLOCK: Final = "repositories.block"


def milliseconds(seconds: float) -> str:
    """Return a timeout in PostgreSQL's spelling, at least 1 ms: 0 disables it."""
    return f"{max(1, round(seconds * 1000))}ms"


def seconds_in(settings: Mapping[str, str]) -> float | None:
    """Return the statement timeout in settings, in seconds; None if they have none."""
    limit = settings.get(STATEMENT_TIMEOUT)
    return None if limit is None else int(limit.removesuffix("ms")) / 1000


def set_arguments(settings: Mapping[str, str]) -> Sequence[Any]:
    """Return the arguments of `SET`."""
    return [[*settings], [*settings.values()]]


def tenant_id(value: object) -> str:
    """Return a tenant's id as text.

    Raises:
        InvalidArgument: the id is None or empty, or PostgreSQL cannot store it.
    """
    text = "" if value is None else str(value)
    if not text:
        raise InvalidArgument("a tenant's id is missing")
    if not is_storable(text):
        raise InvalidText("a tenant's id holds what PostgreSQL can't store")
    return text


def is_storable(text: str) -> bool:
    """Return True if PostgreSQL can store the text: no NUL and no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def own_settings(
    package: Package, statement: Statement[Any] | None, tenant: str | None
) -> dict[str, str]:
    """Return the settings for a statement that is a transaction by itself.

    Raises:
        TenantRequired: the package needs a tenant, and none is set.
    """
    settings = {}
    query = None if statement is None else statement.name
    if package.tenant is not None:
        if tenant is None:
            raise TenantRequired(
                f"no tenant is set: {package.tenant} is what a db.tenant(…) block sets",
                query=query,
            )
        settings[package.tenant] = tenant
    if statement is not None and statement.timeout is not None:
        settings[STATEMENT_TIMEOUT] = milliseconds(statement.timeout)
    return settings


class CorrelatedSettings(MutableMapping[str, str]):
    """Settings of a call, with the current correlation id as `application_name`."""

    def __init__(
        self, settings: Mapping[str, str], identify: Callable[[], str | None]
    ) -> None:
        """Combine fixed settings with an id that is determined at each access.

        Args:
            settings: the fixed settings.
            identify: returns the id, or None if there is none.
        """
        self._settings = dict(settings)
        self._identify = identify

    def _now(self) -> dict[str, str]:
        try:
            found = self._identify()
        except Exception:  # a call must not fail with it
            _logger.exception("the correlation failed")
            return self._settings
        if not found or not is_storable(found):
            return self._settings
        return {**self._settings, "application_name": found}

    def __getitem__(self, name: str) -> str:
        return self._now()[name]

    def __setitem__(self, name: str, value: str) -> None:
        self._settings[name] = value

    def __delitem__(self, name: str) -> None:
        del self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
