"""A query together with what the server said of it: what the proofs start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.tree import parse_trees, tells_places
from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.analysis.utilities import Utility
    from reposgen.live_schema.model import Catalog, Described
    from reposgen.live_schema.tree.model import Query as Tree
    from reposgen.live_schema.tree.model import TargetEntry
    from reposgen.sql_source.model import Query
    from reposgen.sql_source.printing import ServerText

# Of text in an encoding that it does not know the server hands on the bytes.
_UTF8 = {"UTF8", "SQL_ASCII"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A query that the server accepts.

    Attributes:
        text: what the server saw; places in `tree` are offsets into it.
        tree: the analysed query, or None where the server sends none that is known.
        added: what rules make of the statement beside that.
        utility: of a command that is no query, what it does.
        inner: the trees of the statement inside that.
    """

    query: Query
    text: ServerText
    described: Described
    tree: Tree | None
    catalog: Catalog
    added: tuple[Tree, ...] = ()
    utility: Utility | None = None
    inner: tuple[Tree, ...] = ()

    @property
    def has_places(self) -> bool:
        """Whether there is a tree that tells where in the text its nodes come from."""
        return self.tree is not None and tells_places(self.described.tree or "")

    @property
    def targets(self) -> tuple[TargetEntry, ...]:
        """The tree's entry for each column; empty where the tree does not tell."""
        results = self.tree.results if self.tree else ()
        return results if len(results) == len(self.described.columns) else ()


def tree_of(described: Described, sql: str, catalog: Catalog) -> Tree | None:
    """The tree of a statement; places in it are offsets into `sql`.

    Returns:
        None where the server sends none that is known.
    """
    trees = trees_of(described, sql, catalog)
    return next((tree for tree in trees if tree.can_set_tag), None)


def trees_of(described: Described, sql: str, catalog: Catalog) -> tuple[Tree, ...]:
    """All queries that a statement becomes; places in them are offsets into `sql`.

    Returns:
        None of them where the server sends none that are known.
    """
    # Places in a tree count bytes of the database's encoding.
    if described.tree and (sql.isascii() or catalog.encoding in _UTF8):
        return parse_trees(described.tree, catalog.major, sql)
    return ()
