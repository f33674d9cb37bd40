"""Query with the server's description of it: the input of all proofs."""

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
# Server's description of a hidden column: a boolean that is not a table's column.
_HIDDEN = ResultColumn(
    name=HIDDEN_NAME, type_oid=16, type_modifier=-1, table_oid=0, column_number=0
)
# Encodings whose bytes are those of UTF-8: SQL_ASCII passes bytes through unchanged.
_UTF8 = {"UTF8", "SQL_ASCII"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedQuery:
    """Query that the server accepts.

    Attributes:
        query: the query as its author wrote it.
        text: the text that the server described; locations in `tree` are offsets into
            it.
        description: the server's description of the statement.
        tree: the analysed query; None if the server sent no readable tree.
        catalog: catalog of the database.
        expanded: the text to run: `text` with the stars in its result expanded.
        added: the queries that rewrite rules add to the statement.
        utility: the effects of a utility command; None for other statements.
        inner: the trees of the statement inside a utility command.
        stars: the stars in the result.
        hidden: the embeds that have a hidden column at the end of the result, which
            shows whether their row is present.
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
        """Whether the query has a tree with the source locations of its nodes."""
        return self.tree is not None and tells_places(self.description.tree or "")

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        """The columns that `expanded` returns, hidden ones last."""
        return self.description.columns + (_HIDDEN,) * len(self.hidden)

    @property
    def targets(self) -> tuple[TargetEntry, ...]:
        """The tree's target for each column; empty if they do not correspond."""
        results = self.tree.results if self.tree else ()
        return results if len(results) == len(self.description.columns) else ()


def tree_of(described: Described, sql: str, catalog: Catalog) -> Tree | None:
    """Return the tree of a statement; its locations are offsets into `sql`.

    Returns:
        None if the server sent no readable tree.
    """
    trees = trees_of(described, sql, catalog)
    return next((tree for tree in trees if tree.can_set_tag), None)


def trees_of(described: Described, sql: str, catalog: Catalog) -> tuple[Tree, ...]:
    """Return all queries that the server rewrites a statement to.

    Locations in the trees are offsets into `sql`.

    Returns:
        Empty if the server sent no readable tree.
    """
    # Locations in a tree count bytes of the database's encoding.
    if described.tree and (sql.isascii() or catalog.encoding in _UTF8):
        return parse_trees(described.tree, catalog.major, sql)
    return ()
