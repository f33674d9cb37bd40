"""A query and what the server says about it: the input of all proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.model import ResultColumn
from reposgen.live_schema.tree import parse_trees, tells_places
from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.analysis.stars import StarGroup
    from reposgen.analysis.utilities import Utility
    from reposgen.live_schema.model import Catalog, Described
    from reposgen.live_schema.tree.model import Query as Tree
    from reposgen.live_schema.tree.model import TargetEntry
    from reposgen.sql_source.model import EmbedUse, Query
    from reposgen.sql_source.printing import ServerText

HIDDEN_NAME = "reposgen_row"
# As the server describes a hidden column: a boolean that does not come from a table.
_HIDDEN = ResultColumn(
    name=HIDDEN_NAME, type_oid=16, type_modifier=-1, table_oid=0, column_number=0
)
# Of text in an encoding that it does not know the server hands on the bytes.
_UTF8 = {"UTF8", "SQL_ASCII"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedQuery:
    """A query that the server accepts.

    Attributes:
        text: the text that the server described; places in `tree` are offsets into it.
        tree: the analysed query, or None if the server sent no tree that can be read.
        expanded: the text to run: `text` with the stars of its result spelled out.
        added: the queries that rewrite rules add to the statement.
        utility: of a utility command, what it does.
        inner: the trees of the statement inside a utility command.
        stars: the stars of its result.
        hidden: the embeds that a hidden column, behind all others, shows to be present.
    """

    query: Query
    text: ServerText
    description: Described
    tree: Tree | None
    catalog: Catalog
    expanded: ServerText
    added: tuple[Tree, ...] = ()
    utility: Utility | None = None
    inner: tuple[Tree, ...] = ()
    stars: tuple[StarGroup, ...] = ()
    hidden: tuple[EmbedUse, ...] = ()

    @property
    def has_places(self) -> bool:
        """Whether there is a tree that tells where in the text its nodes come from."""
        return self.tree is not None and tells_places(self.description.tree or "")

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        """The columns that `expanded` returns, hidden ones last."""
        return self.description.columns + (_HIDDEN,) * len(self.hidden)

    @property
    def targets(self) -> tuple[TargetEntry, ...]:
        """The tree's entry for each column; empty where the tree does not tell."""
        results = self.tree.results if self.tree else ()
        return results if len(results) == len(self.description.columns) else ()


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
