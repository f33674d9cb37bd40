"""Counts of repository method calls, with the places that make them.

While a guard is active, an observer sees all calls of the process. Without a guard
there is no observer, and calls have no overhead.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from reposgen.models import dataclass
from reposgen.testing.problems import TestingError
from reposgen_runtime.observe.sites import call_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType


# Frames to remember of where a coroutine was made.
_ORIGIN_DEPTH: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a repository method.

    Attributes:
        method: `tasks.get_task`.
        site: the place in the code that calls it: `app/tasks.py:12 in list_tasks`.
    """

    method: str
    site: str


class AssertQueries(Protocol):
    """Type of the fixture in `with assert_queries(max=3) as calls:`."""

    def __call__(self, *, max: int) -> AbstractContextManager[list[Call]]:  # noqa: A002 -- how it reads
        """Fail the test if the block makes more than `max` calls."""
        ...


class Recorder:
    """Recorder of the calls of a generated package's repositories.

    Args:
        module: import path of the package.
        folder: the folder that it is imported from.
    """

    def __init__(self, module: str, folder: str) -> None:
        self._module = module
        self._folder = folder
        self._lock = threading.Lock()
        self._open: list[list[Call]] = []

    @contextlib.contextmanager
    def at_most(self, *, max: int) -> Iterator[list[Call]]:  # noqa: A002 -- how it reads
        """Fail the test if the block makes more than `max` calls.

        Calls of other threads and tasks count as well.

        Yields:
            The calls so far.
        """
        with self._recorded() as calls:
            yield calls
        if len(calls) > max:
            pytest.fail(
                f"{len(calls)} queries, but at most {max} were expected:\n"
                + _listing(calls),
                pytrace=False,
            )

    @contextlib.contextmanager
    def guard(self, max: int) -> Iterator[list[Call]]:  # noqa: A002 -- how it reads
        """Fail the test if the block calls one method more than `max` times.

        Yields:
            The calls so far.
        """
        with self._recorded() as calls:
            yield calls
        counts = Counter(call.method for call in calls)
        excess = {method for method, count in counts.items() if count > max}
        if excess:
            pytest.fail(
                f"the same repository method was called more than {max} times (N+1"
                " queries?):\n"
                + _listing([call for call in calls if call.method in excess])
                + "\nhint: query all rows at once, for example WHERE id = ANY(@ids)",
                pytrace=False,
            )

    @contextlib.contextmanager
    def _recorded(self) -> Iterator[list[Call]]:
        calls: list[Call] = []
        observers = self._observers()
        depth = sys.get_coroutine_origin_tracking_depth()
        with self._lock:
            if not self._open:
                observers.observe_process(self)
            self._open.append(calls)
        # Where a coroutine was made that runs as a task of its own.
        sys.set_coroutine_origin_tracking_depth(max(depth, _ORIGIN_DEPTH))
        try:
            yield calls
        finally:
            sys.set_coroutine_origin_tracking_depth(depth)
            with self._lock:
                self._open = [each for each in self._open if each is not calls]
                if not self._open:
                    observers.stop_observing(self)

    # What the run time tells an observer.

    def opened(self, database: object) -> None:
        """Do nothing, because databases are not recorded."""

    def closed(self, database: object) -> None:
        """Do nothing, because databases are not recorded."""

    def notified(self, event: object) -> None:
        """Do nothing, because only calls are recorded."""

    def started(self, call: Any) -> None:  # noqa: ANN401 -- of any copy of the run time
        """Record a call, or each call of a pipeline."""
        for operation in call.parts or (call.operation,):
            if operation.method and operation.command != "listen":
                site = call_site(call, operation.method)
                found = Call(method=operation.name, site=site)
                for calls in self._open:
                    calls.append(found)

    def ended(self, call: Any, state: object) -> None:  # noqa: ANN401 -- as above
        """Do nothing, because the call was recorded when it started."""

    def _observers(self) -> ModuleType:
        """Return the observers module of the generated package's run time."""
        if self._folder not in sys.path:
            sys.path.append(self._folder)
        try:
            package: Any = importlib.import_module(f"{self._module}.models").PACKAGE
        except ModuleNotFoundError as missing:
            raise TestingError(
                f"the generated package {self._module} cannot be imported: {missing}\n"
                "hint: run reposgen generate"
            ) from None
        # The package may have a copy of the run time.
        runtime = type(package).__module__.rpartition(".")[0]
        return importlib.import_module(f"{runtime}.observers")


def _listing(calls: list[Call]) -> str:
    counts = Counter((call.method, call.site) for call in calls)
    return "\n".join(
        f"  {count} x {method} at {site}"
        for (method, site), count in counts.most_common()
    )
