"""Conversion of SQL names to Python identifiers that are always valid and unique.

No identifier begins with an underscore. Such names are private to type checkers,
mangled in classes if there are two underscores, and special to enums.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@cache
def identifier(text: str, fallback: str) -> str:
    """Return a valid identifier that resembles `text`.

    `fallback` is the prefix before a leading digit, and the whole name if nothing of
    `text` can be kept: `class` → `class_`, `1st` → `column_1st`, `%` → `column`.
    """
    # Python compares identifiers in NFKC, so two that differ only there are one.
    folded = unicodedata.normalize("NFKC", text)
    kept = "".join(c if _continues(c) else "_" for c in folded).lstrip("_")
    # Normalising what was kept may compose characters anew.
    name = unicodedata.normalize("NFKC", kept)
    if not name:
        return fallback
    if not name.isidentifier():
        name = f"{fallback}_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


@cache
def snake_case(text: str) -> str:
    """Convert `GetTask`, `getTask`, `get-task`, `HTTPLog` to `get_task`, `http_log`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"[^\w]+|_+", "_", apart).strip("_").lower()


@cache
def pascal_case(text: str) -> str:
    """Convert `task_status`, `taskStatus`, `task-status` to `TaskStatus`."""
    words = (w for w in re.split(r"[\W_]+", text) if w)
    return "".join(w[0].upper() + w[1:] for w in words)


def field_name(text: str, position: int) -> str:
    """Return the name of a column or parameter, from its position if it has none.

    Positions count from 1.
    """
    name = identifier(text, "column")
    return f"column_{position}" if name == "column" and text != "column" else name


def class_name(text: str) -> str:
    """Return the name of a class, from words in any case."""
    return identifier(pascal_case(text), "Type").replace("Type_", "Type", 1)


def constant_name(text: str) -> str:
    """Return the name of a module constant, in upper case."""
    return identifier(snake_case(text).upper(), "QUERY")


def enum_members(labels: Sequence[str]) -> tuple[str, ...]:
    """Return member names for labels, in the same order.

    `-`, `/`, `:` and whitespace become `_`, other signs are removed. An empty or
    repeated name becomes `VALUE_n`, with n counted from 1.
    """
    namespace = Namespace()
    names = []
    for number, label in enumerate(labels, start=1):
        spaced = re.sub(r"[-/:\s]", "_", label)
        plain = re.sub(r"[^\w]", "", spaced).strip("_").upper()
        name = identifier(plain, "VALUE")
        if not plain or name == "VALUE" != plain or name in namespace:
            name = f"VALUE_{number}"
        names.append(namespace.claim(name))
    return tuple(names)


@dataclass(slots=True)
class Namespace:
    """Names of one scope.

    Attributes:
        taken: names taken in this scope.
        around: names taken in the enclosing scopes.
    """

    taken: set[str] = field(default_factory=set)
    around: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        """Return True if the name is taken."""
        return name in self.taken or name in self.around

    def claim(self, *candidates: str) -> str:
        """Take the first free candidate, or the last one with a number appended."""
        free = next((w for w in candidates if w not in self), None)
        name = free or self._numbered(candidates[-1])
        self.taken.add(name)
        return name

    def _numbered(self, name: str) -> str:
        # CamelCase takes the number as it is: `Task2`; all else reads `task_2`.
        joint = "" if name[:1].isupper() and not name.isupper() else "_"
        number = 2
        while f"{name}{joint}{number}" in self:
            number += 1
        return f"{name}{joint}{number}"


def unique(
    names: Iterable[str],
    reserved: Iterable[str] = (),
    around: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return the names, changed where they are reserved or repeated."""
    namespace = Namespace(set(reserved), around)
    candidates = tuple(names)
    different = set(candidates)
    if len(different) == len(candidates) and not (
        different & namespace.taken or different & around
    ):
        return candidates
    # A name that nothing argues with keeps its spelling, wherever it stands.
    first = {w: i for i, w in reversed(list(enumerate(candidates)))}
    plain = {w for w in candidates if w not in namespace}
    namespace.taken |= plain
    result = []
    for index, candidate in enumerate(candidates):
        if candidate in plain and first[candidate] == index:
            result.append(candidate)
        elif candidate in plain:
            result.append(namespace.claim(candidate))
        else:
            result.append(namespace.claim(f"{candidate}_"))
    return tuple(result)


def _continues(character: str) -> bool:
    return f"_{character}".isidentifier()
