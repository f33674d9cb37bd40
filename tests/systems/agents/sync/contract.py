# Derived from ../aio/contract.py by derive_sync.py: change that file.
# ruff: noqa: A002, ANN401 -- as generated methods have it; whatever they are given
"""The one contract of all repositories, and what can be written against it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from uuid import UUID

    from reposgen_runtime import Page


class Entity(Protocol):
    """A model of a table with an id."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    id: UUID


T = TypeVar("T", bound=Entity)


class Repository(Protocol[T]):
    """What a repository of any entity does.

    What values, changes and filters there are is each repository's own affair, and
    typed by its own protocol.
    """

    def create(self, *args: Any, **values: Any) -> T: ...

    def get_by_id(self, *, id: UUID) -> T | None: ...

    def update(self, *args: Any, **changes: Any) -> T: ...

    def delete(self, *, id: UUID) -> int: ...

    def list(self, *args: Any, **filters_and_page: Any) -> Page[T]: ...

    def count(self, *args: Any, **filters: Any) -> int: ...


def everything(
    repository: Repository[T], *, at_a_time: int, **filters: object
) -> list[T]:
    """All entities that the filters let through, page by page."""
    page = repository.list(limit=at_a_time, **filters)
    found = page.items
    while page.next is not None:
        page = repository.list(limit=at_a_time, after=page.next, **filters)
        found += page.items
    return found
