"""Counts the calls of repository methods, and says where they come from.

The methods of the generated classes are replaced while somebody counts; otherwise
nothing is, and a call costs nothing more.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import sys
import threading
from collections import Counter
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from reposgen.models import dataclass
from reposgen.testing.problems import TestingError
from reposgen.testing.sessions import is_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import FrameType


# The module of the run time whose calls are a pipeline's own.
_REPLAYING: Final = ".pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a repository method.

    Attributes:
        method: `TaskRepository.get_task`.
        site: the place in the code that calls it: `app/tasks.py:12 in list_tasks`.
    """

    method: str
    site: str


class AssertQueries(Protocol):
    """`with assert_queries(max=3) as calls:`."""

    def __call__(self, *, max: int) -> AbstractContextManager[list[Call]]:  # noqa: A002 -- how it reads
        """Fail the test if the block makes more than `max` calls."""
        ...


class Recorder:
    """Records the calls of the repositories of a generated package.

    Args:
        module: import path of the package.
        folder: that it is imported from.
    """

    def __init__(self, module: str, folder: str) -> None:
        self._module = module
        self._folder = folder
        # Code that only passes calls on is not where they come from.
        self._inside = (module.rpartition(".")[0] or module, "reposgen_runtime")
        self._lock = threading.Lock()
        self._open: list[list[Call]] = []
        self._replaced: list[tuple[type, str, FunctionType]] = []

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
        with self._lock:
            if not self._open:
                self._replace()
            self._open.append(calls)
        try:
            yield calls
        finally:
            with self._lock:
                self._open = [each for each in self._open if each is not calls]
                if not self._open:
                    self._restore()

    def _replace(self) -> None:
        for kind in self._repositories():
            for name, function in vars(kind).items():
                if not name.startswith("_") and inspect.isfunction(function):
                    self._replaced.append((kind, name, function))
        for kind, name, function in self._replaced:
            setattr(kind, name, self._recording(f"{kind.__name__}.{name}", function))

    def _restore(self) -> None:
        for kind, name, function in self._replaced:
            setattr(kind, name, function)
        self._replaced.clear()

    def _recording(self, method: str, function: FunctionType) -> Callable[..., Any]:
        def note() -> None:
            # Of what calls the method.
            frame = sys._getframe(2)  # noqa: SLF001 -- documented
            # A pipeline calls it twice: to see what it sends, and for its result.
            if frame.f_globals.get("__name__", "").endswith(_REPLAYING):
                return
            call = Call(method=method, site=self._site(frame))
            for calls in self._open:
                calls.append(call)

        def record(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- whatever it takes
            note()
            return function(*args, **kwargs)

        # By its globals, a pipeline knows the method for a generated one.
        made = FunctionType(
            record.__code__,
            function.__globals__,
            function.__name__,
            None,
            record.__closure__,
        )
        return functools.update_wrapper(made, function)

    def _site(self, frame: FrameType | None) -> str:
        while frame is not None:
            name = frame.f_globals.get("__name__", "")
            if not any(
                name == one or name.startswith(f"{one}.") for one in self._inside
            ):
                code = frame.f_code
                return f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"
            frame = frame.f_back
        return "unknown"

    def _repositories(self) -> set[type]:
        if self._folder not in sys.path:
            sys.path.append(self._folder)
        try:
            importlib.import_module(self._module)
        except ModuleNotFoundError as missing:
            raise TestingError(
                f"the generated package {self._module} cannot be imported: {missing}\n"
                "hint: run reposgen generate"
            ) from None
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(f"{self._module}.sync")
        return {
            value
            for name, module in [*sys.modules.items()]
            if name.startswith(f"{self._module}.")
            for value in vars(module).values()
            if isinstance(value, type) and is_repository(value)
        }


def _listing(calls: list[Call]) -> str:
    counts = Counter((call.method, call.site) for call in calls)
    return "\n".join(
        f"  {count} x {method} at {site}"
        for (method, site), count in counts.most_common()
    )
