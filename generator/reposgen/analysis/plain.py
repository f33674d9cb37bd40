"""Facts read from the text alone, for servers that send no trees.

Only unambiguous shapes are recognised: `column = $1`, `LIMIT $1`, an INSERT of one
VALUES row, and a column's NOT NULL in a statement without an outer join.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.analysis.arrays import is_array
from reposgen.analysis.inserts import read_insert
from reposgen.analysis.nullability.proof import may_be_null, never_null
from reposgen.analysis.parameter_uses import (
    NullHandling,
    ParameterPlace,
    assignment,
    element_assignment,
)
from reposgen.live_schema.model import RelationKind
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.inserts import PlainInsert
    from reposgen.analysis.model import Elements
    from reposgen.analysis.nullability.proof import Proof
    from reposgen.live_schema.model import Catalog, Described, ResultColumn
    from reposgen.sql_source.lexer import Token

_UNPROVED = "nothing proves that it is never NULL"

_LOCK = re.compile(r"\bfor (?:no key |key )?(?:update|share)\b")
_WRITE = re.compile(r"\b(?:insert|update|delete|merge)\b")
_OPERATORS = {"=", "<>", "!=", "<", ">", "<=", ">=", "like", "ilike"}
_COUNTS = {"limit", "offset"}

# Words of constructs that can make a NOT NULL column NULL: outer joins, set operations,
# grouping sets, MERGE, the old and new rows of RETURNING.
_DOUBTFUL = frozenset(
    {
        *("left", "right", "full", "union", "except", "intersect"),
        *("rollup", "cube", "sets", "merge", "old", "new", "with"),
    }
)


def plain_places(
    sql: str, catalog: Catalog, elements: Elements
) -> tuple[ParameterPlace, ...]:
    """Return the places of parameters, as neighbouring tokens show them."""
    tokens = [token for token in tokenize(sql) if not token.is_blank]
    insert = read_insert(sql, catalog)
    known = _called(tokens, catalog) or _inserted(insert)
    return (
        *(
            known.get(token.start) or _beside(tokens, index)
            for index, token in enumerate(tokens)
            if token.kind is TokenKind.PARAMETER
        ),
        *_inserted_arrays(insert, elements),
    )


def _inserted(insert: PlainInsert | None) -> dict[int, ParameterPlace]:
    if insert is None:
        return {}
    return {
        value.location: ParameterPlace(
            number=value.number,
            location=value.location,
            name=value.column.name,
            handling=assignment(insert.relation, value.column),
            origin=(insert.relation.oid, value.column.number),
            is_value=True,
        )
        for value in insert.values
    }


def _inserted_arrays(
    insert: PlainInsert | None, elements: Elements
) -> Iterator[ParameterPlace]:
    for value in insert.values if insert else ():
        if insert and is_array(value.column.type):
            yield ParameterPlace(
                number=value.number,
                location=value.location,
                name=None,
                handling=element_assignment(insert.relation, value.column, elements),
                of_elements=True,
            )


def _called(tokens: Sequence[Token], catalog: Catalog) -> dict[int, ParameterPlace]:
    """Return the parameters of a CALL, whose tree servers before 16 do not send."""
    opening = next((i for i, t in enumerate(tokens) if t.text == "("), 0)
    if tokens[0].text.lower() != "call" or not opening:
        return {}
    name = fold(tokens[opening - 1])
    procedures = [f for f in catalog.functions.values() if f.name == name]
    names = procedures[0].argument_names if len(procedures) == 1 else ()
    found = {}
    place = depth = 0
    for index, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 1 and token.text == ",":
            place += 1
        elif depth == 1 and token.kind is TokenKind.PARAMETER:
            named = tokens[index - 1].text == "=>"
            default = names[place] if place < len(names) else ""
            argument = fold(tokens[index - 2]) if named else default
            found[token.start] = ParameterPlace(
                number=int(token.text[1:]),
                location=token.start,
                name=argument or None,
                handling=NullHandling.UNSPECIFIED,
            )
    return found


def _beside(tokens: Sequence[Token], index: int) -> ParameterPlace:
    token = tokens[index]
    before = [t.text.lower() for t in tokens[max(0, index - 2) : index]]
    name = None
    if before[-1:] and before[-1] in _COUNTS:
        name = before[-1]
    elif before[1:] and before[1] in _OPERATORS and _is_name(tokens[index - 2]):
        name = fold(tokens[index - 2])
    return ParameterPlace(
        number=int(token.text[1:]),
        location=token.start,
        name=name,
        handling=NullHandling.UNSPECIFIED,
    )


def _is_name(token: Token) -> bool:
    return token.kind in (TokenKind.WORD, TokenKind.QUOTED)


def plain_proofs(sql: str, described: Described, catalog: Catalog) -> tuple[Proof, ...]:
    """Return a proof for each result column from its table's NOT NULL constraint.

    Nothing is proved if the statement has a word such as LEFT or UNION, which can make
    such a column NULL.
    """
    words = {t.text.lower() for t in tokenize(sql) if t.kind is TokenKind.WORD}
    if words & _DOUBTFUL:
        return (may_be_null(_UNPROVED),) * len(described.columns)
    return tuple(_plain_proof(column, catalog) for column in described.columns)


def plain_locks(sql: str) -> bool:
    """Return True if the text has FOR UPDATE, FOR SHARE etc. and no word of a write."""
    words = [t.text.lower() for t in tokenize(sql) if t.kind is TokenKind.WORD]
    text = " ".join(words)
    rest = _LOCK.sub("", text)
    return rest != text and _WRITE.search(rest) is None


def _plain_proof(result: ResultColumn, catalog: Catalog) -> Proof:
    relation = catalog.relations.get(result.table_oid)
    column = relation.column(result.column_number) if relation else None
    is_view = relation is not None and relation.kind is RelationKind.VIEW
    if relation and column and column.not_null and not is_view:
        return never_null(f"{relation.name}.{column.name} is NOT NULL")
    return may_be_null(_UNPROVED)
