"""Facts of the schema that the proofs of a query rest on.

A proof notes them where it looks at a NOT NULL, a unique index or a foreign key. So
`verify` can say of which methods a proof does not hold any more.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from reposgen.analysis.facts import Fact, FactKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.live_schema.model import Index, Relation, RelationColumn

_gathered: ContextVar[set[Fact] | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered() -> Iterator[set[Fact]]:
    """Collect the facts that the proofs made in the block rest on."""
    found: set[Fact] = set()
    token = _gathered.set(found)
    try:
        yield found
    finally:
        _gathered.reset(token)


def rests_on_not_null(relation: int, column: RelationColumn) -> None:
    """Note that a proof needs a column to be NOT NULL."""
    _note(Fact(kind=FactKind.NOT_NULL, relation=relation, names=(column.name,)))


def rests_on_key(relation: Relation, index: Index) -> None:
    """Note that a proof needs a unique index."""
    _note(key_fact(relation, index, FactKind.UNIQUE, FactKind.UNIQUE_INDEX))


def rests_on_foreign_key(relation: Relation, name: str) -> None:
    """Note that a proof needs a foreign key."""
    _note(Fact(kind=FactKind.FOREIGN_KEY, relation=relation.oid, names=(name,)))


def key_fact(
    relation: Relation, index: Index, by_columns: FactKind, by_name: FactKind
) -> Fact:
    """Return a fact about a unique index: about its columns, whatever its name is.

    Where the columns do not say everything, it is about the index of that name.
    """
    names = sorted(c.name for n in index.columns if (c := relation.column(n)))
    if len(names) == len(index.columns) and index.predicate is None:
        return Fact(kind=by_columns, relation=relation.oid, names=tuple(names))
    return Fact(kind=by_name, relation=relation.oid, names=(index.name,))


def _note(fact: Fact) -> None:
    found = _gathered.get()
    if found is not None:
        found.add(fact)
