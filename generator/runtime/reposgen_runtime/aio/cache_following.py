"""Changes of other writers, as their triggers have noted them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ..caching import NEUTRAL, TAKE_CHANGES, tag
from ..codec import read_rows
from ..errors import RepositoryError
from ._background import Worker
from ._compat import Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from .cache import ResultCache
    from .transaction import Transaction

_LOG: Final = logging.getLogger("reposgen_runtime.cache")
# Seconds until the next look where another process has its turn, or after a failure.
_PAUSE: Final = 1.0


class Follower:
    """Tells all caches of what other writers have changed.

    One process at a time does so. It deletes what it takes, and COMMITs that once
    Redis was told. If it dies before that, the changes are there for the next one.
    """

    def __init__(
        self,
        cache: ResultCache,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        seconds: float,
    ) -> None:
        """Follow from now on.

        Args:
            cache: that is told.
            begin: opens a transaction on the primary.
            seconds: between two looks.
        """
        self._cache = cache
        self._begin = begin
        self._seconds = seconds
        self._closing = Event()
        self._worker = Worker(self._follow)

    async def stop(self) -> None:
        """Follow no more."""
        self._closing.set()
        if not await self._worker.join(_PAUSE):
            await self._worker.stop()

    async def _follow(self) -> None:
        pause = 0.0
        is_told = False
        while not await self._closing.wait(pause):
            try:
                is_ours = await self._look()
                pause = self._seconds if is_ours else max(_PAUSE, self._seconds)
                is_told = False
            except RepositoryError as error:
                pause = _PAUSE
                if not is_told:
                    _LOG.warning("changes of other writers are not followed: %s", error)
                    is_told = True

    async def _look(self) -> bool:
        """Tell of what has changed; whether it is this process's turn to do so.

        Raises:
            RepositoryError: the changes are still to be told.
        """
        cache = self._cache
        async with self._begin() as transaction:
            rows = await transaction.run_statement(NEUTRAL, TAKE_CHANGES, (), read_rows)
            changed = {tag(*parts) for _, parts in rows if parts}
            if changed:
                mark = await cache.mark(changed)
                await cache.changed(mark)
                if cache.redis is not None and not cache.redis.is_readable:
                    # What is owed would be forgotten with this process.
                    raise RepositoryError("Redis does not answer")
                cache.tell_change(mark)
        return rows[0][0]
