"""Rewriting of an INSERT of one VALUES row for `:copyfrom` with a staging table.

Everything except the VALUES row stays as written. In that row, each parameter becomes a
column of the staging table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reposgen.analysis.names import free_name, quote_identifier
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from reposgen.live_schema.model import Relation
    from reposgen.sql_source.lexer import Token

# The run time creates this table. Its identity column numbers the copied rows. Reading
# advances the same sequence, so its value shows which row failed.
_ROWS: Final = (
    "(SELECT *, pg_catalog.nextval('pg_temp.reposgen_rows_reposgen_row_seq')"
    "\n      FROM pg_temp.reposgen_rows ORDER BY reposgen_row)"
)
# Words that can follow the row; empty at the end of the statement.
_FOLLOWING = frozenset({"", "on", "returning"})
_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesInsert:
    """INSERT of the form `INSERT INTO table (columns) VALUES (values) …`.

    Places are offsets into the text.

    Attributes:
        table: the parts of the table's name.
        table_end: end of the table's name and alias.
        columns: (start, end) of each column in the list; None without a list.
        columns_end: end of the column list, or `table_end`.
        values: (start, end) of each value.
        row: (start, end) of the VALUES row, from the word VALUES to the closing
            parenthesis.
    """

    table: tuple[str, ...]
    table_end: int
    columns: tuple[tuple[int, int], ...] | None
    columns_end: int
    values: tuple[tuple[int, int], ...]
    row: tuple[int, int]


def read_values(sql: str) -> ValuesInsert | None:
    """Return the parts of an INSERT of one VALUES row; None for other statements.

    Args:
        sql: a statement that the server accepts.
    """
    cursor = _Cursor([token for token in tokenize(sql) if not token.is_blank])
    if not cursor.find_insert():
        return None
    table = cursor.name()
    if cursor.word() == "as":
        cursor.skip(2)
    table_end = cursor.last_end
    columns = cursor.group() if cursor.text() == "(" else None
    columns_end = cursor.last_end
    if cursor.word() == "overriding":
        cursor.skip(3)
    start = cursor.start
    if cursor.word() != "values":
        return None
    cursor.skip(1)
    values = cursor.group() if cursor.text() == "(" else ()
    if not values or cursor.word() not in _FOLLOWING:
        return None
    return ValuesInsert(
        table=table,
        table_end=table_end,
        columns=columns,
        columns_end=columns_end,
        values=values,
        row=(start, cursor.last_end),
    )


def misplaced_parameter(sql: str, insert: ValuesInsert) -> int | None:
    """Return the offset of a parameter outside of the VALUES row, or None."""
    start, end = insert.row
    return next(
        (
            token.start
            for token in tokenize(sql)
            if token.kind is TokenKind.PARAMETER and not start <= token.start < end
        ),
        None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """INSERT that reads its rows from a query.

    Attributes:
        run: the INSERT that reads the staging table.
        judge: the same INSERT from one row of parameters of the same numbers and types,
            for the server to describe without a staging table.
    """

    run: str
    judge: str


def stage(
    sql: str,
    insert: ValuesInsert,
    relation: Relation,
    names: Mapping[int, str],
    keywords: Container[str],
) -> Staged:
    """Return the INSERT with a SELECT in place of the VALUES row.

    Args:
        sql: the statement, which the server accepts.
        insert: its parts.
        relation: the table that it inserts into.
        names: names of the staging table's columns, by the parameters' numbers.
        keywords: the keywords that must be quoted as identifiers.
    """
    spelled = {n: quote_identifier(name, keywords) for n, name in names.items()}
    words = {fold(t) for t in tokenize(sql) if t.kind in _NAMES}
    alias = free_name("staged", words)
    # SELECT cannot contain DEFAULT; omitting the column has the same effect.
    kept = [i for i, v in enumerate(insert.values) if not _is_default(sql, v)]
    values = ", ".join(_staged(sql, insert.values[i], spelled, alias) for i in kept)
    head = sql[: insert.row[0]]
    if len(kept) < len(insert.values):
        columns = (
            [quote_identifier(c.name, keywords) for c in relation.columns]
            if insert.columns is None
            else [sql[start:end] for start, end in insert.columns]
        )
        head = (
            f"{sql[: insert.table_end]} ({', '.join(columns[i] for i in kept)})"
            f"{sql[insert.columns_end : insert.row[0]]}"
        )
    tail = sql[insert.row[1] :]
    gap = " " if tail[:1].isalpha() else ""
    one = ", ".join(f"${n} AS {name}" for n, name in sorted(spelled.items()))
    run, judge = (
        f"{head}SELECT {values}\nFROM {rows} AS {alias}{gap}{tail}"
        for rows in (_ROWS, f"(SELECT 1 AS reposgen_row, {one})")
    )
    return Staged(run=run, judge=judge)


def _is_default(sql: str, value: tuple[int, int]) -> bool:
    return sql[slice(*value)].lower() == "default"


def _staged(
    sql: str, value: tuple[int, int], spelled: Mapping[int, str], alias: str
) -> str:
    tokens = list(tokenize(sql, *value))
    parts = []
    for index, token in enumerate(tokens):
        if token.kind is not TokenKind.PARAMETER:
            parts.append(token.text)
            continue
        column = f"{alias}.{spelled[int(token.text[1:])]}"
        # Without parentheses, PostgreSQL would read `staged.a.b` as a column of a table
        # `a`.
        is_taken_apart = any(t.text == "." for t in tokens[index + 1 : index + 2])
        parts.append(f"({column})" if is_taken_apart else column)
    return "".join(parts)


class _Cursor:
    """Position between the tokens of a statement."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def text(self) -> str:
        """Return the next token's text; empty at the end."""
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def word(self) -> str:
        """Return the next token in lower case, to compare it with keywords."""
        return self.text().lower()

    @property
    def start(self) -> int:
        """The offset where the next token starts."""
        return self._tokens[min(self._at, len(self._tokens) - 1)].start

    @property
    def last_end(self) -> int:
        """The offset where the last token ended."""
        return self._tokens[min(self._at, len(self._tokens)) - 1].end

    def skip(self, number: int) -> None:
        """Skip a number of tokens."""
        self._at += number

    def find_insert(self) -> bool:
        """Move behind the statement's own INSERT INTO, which WITH can precede.

        Returns:
            False if there is no INSERT.
        """
        depth = 0
        for index, token in enumerate(self._tokens):
            depth += (token.text == "(") - (token.text == ")")
            words = [t.text.lower() for t in self._tokens[index : index + 2]]
            if depth == 0 and words == ["insert", "into"]:
                self._at = index + 2
                return True
        return False

    def name(self) -> tuple[str, ...]:
        """Consume a qualified name."""
        parts = [fold(self._tokens[self._at])]
        self.skip(1)
        while self.text() == ".":
            parts.append(fold(self._tokens[self._at + 1]))
            self.skip(2)
        return tuple(parts)

    def group(self) -> tuple[tuple[int, int], ...]:
        """Consume a list in parentheses, and return (start, end) of its items."""
        self.skip(1)
        items = []
        start, depth = self.start, 0
        while depth >= 0:
            text = self.text()
            depth += (text in {"(", "["}) - (text in {")", "]"})
            if depth < 0 or (depth == 0 and text == ","):
                items.append((start, self.last_end))
                start = self._tokens[min(self._at + 1, len(self._tokens) - 1)].start
            self.skip(1)
        return tuple(items)
