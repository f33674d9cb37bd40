"""Hidden columns that show whether the row of an embed is present.

A NOT NULL column of the table shows this. An embed of a table or view without such a
column gets a hidden column at the end of the result, where it shifts no other column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.described import HIDDEN_NAME
from reposgen.analysis.embeds import embed_groups, relation_behind
from reposgen.analysis.nullability.jointree import read_join_tree
from reposgen.live_schema.tree.expressions import Returning, Var
from reposgen.live_schema.tree.model import CommandType
from reposgen.sql_source.lexer import TokenKind, tokenize
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.stars import StarGroup
    from reposgen.live_schema.tree.model import Query as Tree
    from reposgen.sql_source.model import EmbedUse

# Words before a FROM that does not start a clause: IS DISTINCT FROM, AS "from".
_NO_CLAUSE = ("distinct", "as")


def embeds_needing_marker(
    described: DescribedQuery, groups: Sequence[StarGroup]
) -> tuple[EmbedUse, ...]:
    """Return the embeds whose row can be absent without a column that shows it."""
    tree = described.tree
    exported = described.query.command is Command.COPYTO
    if tree is None or tree.set_operations is not None or exported:
        return ()
    nullable = [i for i, sides in read_join_tree(tree).nullable.items() if sides]
    return tuple(
        use
        for use, group in embed_groups(described, groups).items()
        if _is_missable(described, tree, group, nullable)
        and (relation := relation_behind(described, group)) is not None
        and not any(column.not_null for column in relation.columns)
    )


def may_be_absent(
    described: DescribedQuery, group: StarGroup, missing: frozenset[int] | None
) -> bool:
    """Return True if no proof shows that a star's row is always present.

    Args:
        described: the query.
        group: the star.
        missing: range table indexes of the items that a row can lack; None if unknown.
    """
    if described.query.command is Command.COPYTO:
        return False
    tree = described.tree
    if tree is None or missing is None or tree.set_operations is not None:
        return True
    return _is_missable(described, tree, group, missing)


def _is_missable(
    described: DescribedQuery, tree: Tree, group: StarGroup, nullable: Collection[int]
) -> bool:
    if _is_changed_row(described, tree, group):
        return True
    if any(tree.entry(i) is entry for i in nullable for entry in group.entries):
        return True
    # In a MERGE the target's row is always present; the source's row can be absent.
    return tree.command is CommandType.MERGE and any(
        entry is not tree.entry(tree.result_relation) for entry in group.entries
    )


def _is_changed_row(described: DescribedQuery, tree: Tree, group: StarGroup) -> bool:
    """Return True if a star is the old or new row of RETURNING and can be absent."""
    column = described.targets[group.first].expression if described.targets else None
    if not isinstance(column, Var):
        return False
    match tree.command, column.returning:
        case _, Returning.DEFAULT:
            return False
        case CommandType.UPDATE, _:
            return False
        case (CommandType.INSERT, Returning.NEW) | (CommandType.DELETE, Returning.OLD):
            return False
        case _:
            return True


def presence_sql(use: EmbedUse) -> str:
    """Return a select list item that is true if the row is present, else NULL.

    A present row is distinct from NULL even if all its columns are NULL.
    """
    return f"nullif({use.table}.* IS DISTINCT FROM NULL, false) AS {HIDDEN_NAME}"


def select_list_end(sql: str, start: int) -> int:
    """Return the offset where the select list or RETURNING around an offset ends.

    Args:
        sql: the statement.
        start: an offset in the list, outside of its parentheses.
    """
    depth, end, before = 0, start, ""
    for token in tokenize(sql, start):
        if token.is_blank:
            continue
        word = token.text.lower() if token.kind is TokenKind.WORD else ""
        depth += (token.text == "(") - (token.text == ")")
        ends = word == "from" and before not in _NO_CLAUSE and depth == 0
        if depth < 0 or ends:
            break
        end, before = token.end, word
    return end
