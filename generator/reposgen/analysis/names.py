"""Names that the analysis creates."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_WORD_START = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])_+(?=[A-Za-z])"
)
_UNQUOTED = re.compile(r"[a-z_][a-z0-9_$]*")


def method_name(query: str) -> str:
    """Return a query's name in snake_case: `GetAuthorByID` → `get_author_by_id`."""
    return _WORD_START.sub("_", query).lower()


def free_name(name: str, taken: Container[str]) -> str:
    """Return `name`, or the first of `name_2`, `name_3` … that is not taken."""
    if name not in taken:
        return name
    return next(n for i in count(2) if (n := f"{name}_{i}") not in taken)


def quote_identifier(name: str, keywords: Container[str]) -> str:
    """Return the identifier as SQL, quoted where PostgreSQL requires it.

    Args:
        name: name in the catalog.
        keywords: the keywords that must be quoted as identifiers.
    """
    if _UNQUOTED.fullmatch(name) and name not in keywords:
        return name
    return '"' + name.replace('"', '""') + '"'
