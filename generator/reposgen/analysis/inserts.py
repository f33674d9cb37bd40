"""Shape of an INSERT of one row of parameters, read from its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.live_schema.model import Catalog, Relation, RelationColumn
    from reposgen.sql_source.lexer import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertedValue:
    """Parameter `$number` that is inserted into a column.

    Attributes:
        number: number of the parameter.
        location: offset of the parameter in the statement.
        column: the column.
    """

    number: int
    location: int
    column: RelationColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainInsert:
    """INSERT of the shape `INSERT INTO table (a, b) VALUES ($1, $2)`.

    Attributes:
        table: the parts of the table's name as written: name, or schema and name.
        relation: the table.
        values: the inserted parameters.
        has_more: True if ON CONFLICT, RETURNING or more rows follow.
    """

    table: tuple[str, ...]
    relation: Relation
    values: tuple[InsertedValue, ...]
    has_more: bool


def read_insert(sql: str, catalog: Catalog) -> PlainInsert | None:
    """Return the inserted parameters; None if the statement has another shape."""
    words = _Words([token for token in tokenize(sql) if not token.is_blank])
    if not (words.take("insert") and words.take("into")):
        return None
    table = words.names(".")
    if words.take("as"):
        words.names(".")
    columns = words.list_of_names() if words.take("(") else None
    if not (words.take("values") and words.take("(")):
        return None
    parameters = words.list_of_parameters()
    relation = find_relation(table, catalog)
    if relation is None or parameters is None:
        return None
    known = {column.name: column for column in relation.columns}
    names = list(known) if columns is None else columns
    if len(names) < len(parameters) or not known.keys() >= set(names):
        return None
    return PlainInsert(
        table=tuple(table),
        relation=relation,
        values=tuple(
            InsertedValue(
                number=int(token.text[1:]), location=token.start, column=known[name]
            )
            for token, name in zip(parameters, names, strict=False)
        ),
        has_more=not words.at_end,
    )


def find_relation(name: Sequence[str], catalog: Catalog) -> Relation | None:
    """Return the relation with a name, or None.

    Args:
        name: the name alone, or the schema and the name.
        catalog: catalog of the database.
    """
    schemas = name[:-1] or catalog.search_path
    found = {
        relation.schema: relation
        for relation in catalog.relations.values()
        if name and relation.name == name[-1]
    }
    return next((found[schema] for schema in schemas if schema in found), None)


class _Words:
    """Reader of a statement's tokens, from the front."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def at_end(self) -> bool:
        return self._next >= len(self._tokens)

    def take(self, word: str) -> bool:
        """Consume the next token if it is `word`, and return True if it was."""
        taken = not self.at_end and self._tokens[self._next].text.lower() == word
        self._next += taken
        return taken

    def names(self, separator: str) -> list[str]:
        """Consume names with a separator between them."""
        names = []
        while not self.at_end and self._tokens[self._next].kind in (
            TokenKind.WORD,
            TokenKind.QUOTED,
        ):
            names.append(fold(self._tokens[self._next]))
            self._next += 1
            if not self.take(separator):
                break
        return names

    def list_of_names(self) -> list[str]:
        """Consume names up to the closing parenthesis; return [] if there is more."""
        names = self.names(",")
        return names if self.take(")") else []

    def list_of_parameters(self) -> list[Token] | None:
        """Consume parameters up to the closing parenthesis; return None otherwise."""
        found = []
        while not self.at_end and self._tokens[self._next].kind is TokenKind.PARAMETER:
            found.append(self._tokens[self._next])
            self._next += 1
            if not self.take(","):
                break
        return found if found and self.take(")") else None
