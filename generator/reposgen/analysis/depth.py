"""Support for statements that are nested deeper than Python's usual stack allows.

PostgreSQL accepts a UNION ALL of a thousand SELECTs, which is a tree of a thousand
levels. Its own limit depends on its stack size alone.
"""

from __future__ import annotations

import re
import sys
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_LIMIT = 1_000_000
_STACK_BYTES = 512 * 1024 * 1024
_NESTING = re.compile(r"\\.|[({]|[)}]", re.DOTALL)


def with_deep_stack(work: Callable[[], T]) -> T:
    """Return the result of `work`, called in a thread with a stack of 512 MiB.

    Raises:
        RecursionError: the stack is too small for `work`.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised again, by the caller
            errors.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
    sys.setrecursionlimit(_LIMIT)
    try:
        thread = threading.Thread(target=run, name="reposgen-deep", daemon=True)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]


def depth_of(tree: str) -> int:
    """Return how deep the nodes and lists of a tree's text are nested."""
    depth = deepest = 0
    for found in _NESTING.finditer(tree):
        match found[0]:
            case "(" | "{":
                depth += 1
                deepest = max(deepest, depth)
            case ")" | "}":
                depth -= 1
            case _:
                pass
    return deepest
