"""One project's share of the cache."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reposgen.cache.folder import writable_cache_directory
from reposgen.cache.store import Store, open_store
from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.cache.store import Held
    from reposgen.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCache:
    """Where a project's values are kept.

    Attributes:
        project: what their names begin with.
    """

    store: Store
    project: str

    def name(self, *parts: str) -> str:
        """Return the name of a value."""
        return ".".join((self.project, *parts))


NO_CACHE = ProjectCache(store=Store(None), project="")


def user_store(held: Held | None = None) -> Store:
    """Return the store in the user's cache folder.

    Args:
        held: values that this process has read or written; None to hold none.
    """
    return open_store(writable_cache_directory(), held)


def open_cache(config: Config, store: Store | None = None) -> ProjectCache:
    """Return the cache of a project, by its folder and output directory.

    Args:
        config: of the project.
        store: where its values are kept; None for the user's cache folder.
    """
    place = f"{config.root}\0{config.output.directory}"
    project = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return ProjectCache(store=store or user_store(), project=project)
