"""What modules were rendered to before."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from reposgen.cache.tool import tool_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.cache.project import ProjectCache
    from reposgen.render.render import KnownModule


@contextmanager
def known_texts(cache: ProjectCache) -> Iterator[dict[str, KnownModule]]:
    """Open the modules that this version rendered, by path, and save them at the end.

    They are not kept if it fails.
    """
    name = cache.name("texts")
    match cache.store.read(name):
        case (str(tool), dict(before)) if tool == tool_digest():
            known = dict(before)
        case _:
            known, before = {}, {}
    yield known
    if known != before:
        cache.store.write(name, (tool_digest(), known))
