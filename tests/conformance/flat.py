"""Results as rows of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Column, Embed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.model import TypedQuery


def flat_columns(query: TypedQuery) -> Iterator[Column]:
    """The columns of a result, those of embeds among them."""
    for item in query.results:
        match item:
            case Embed():
                yield from item.columns
            case Column():
                yield item
