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

    async def create(self, *args: Any, **values: Any) -> T: ...

    async def get_by_id(self, *, id: UUID) -> T | None: ...

    async def update(self, *args: Any, **changes: Any) -> T: ...

    async def delete(self, *, id: UUID) -> int: ...

    async def list(self, *args: Any, **filters_and_page: Any) -> Page[T]: ...

    async def count(self, *args: Any, **filters: Any) -> int: ...


async def everything(
    repository: Repository[T], *, at_a_time: int, **filters: object
) -> list[T]:
    """All entities that the filters let through, page by page."""
    page = await repository.list(limit=at_a_time, **filters)
    found = page.items
    while page.next is not None:
        page = await repository.list(limit=at_a_time, after=page.next, **filters)
        found += page.items
    return found
