"""Utility commands, read from their tokens, since the server sends no tree of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from reposgen.analysis.inserts import find_relation
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.live_schema.model import Catalog, Relation
    from reposgen.sql_source.lexer import Token


class Inner(StrEnum):
    """Use that a command makes of the statement inside it."""

    PLANNED = "planned"  # EXPLAIN: it is not run
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """Effects of a utility command.

    Attributes:
        name: name of the command, as `TRUNCATE`.
        reads_only: True if the command itself changes nothing.
        tables: the tables that it writes.
        empties: True if these tables and their descendants are emptied.
        cascades: True if the tables that refer to them are emptied too.
        made: qualified names of the tables that it creates.
        inner: the statement inside it, for the server to describe, or None.
        runs: whether `inner` is run or only planned.
        unknown: code that it runs and of which nothing is known, or None.
    """

    name: str
    reads_only: bool = False
    tables: tuple[Relation, ...] = ()
    empties: bool = False
    cascades: bool = False
    made: tuple[str, ...] = ()
    inner: str | None = None
    runs: Inner = Inner.RUN
    unknown: str | None = None


# Commands that change no rows and run no other code.
_HARMLESS = frozenset(
    {
        *("ABORT", "ANALYZE", "BEGIN", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT"),
        *("COMMIT", "DEALLOCATE", "DISCARD", "END", "GRANT", "LISTEN", "LOAD", "LOCK"),
        *("NOTIFY", "REINDEX", "RELEASE", "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT"),
        *("SET", "SHOW", "START", "UNLISTEN", "VACUUM"),
    }
)
_OFF = frozenset({"false", "off", "0"})
_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})
_TEMPORARY = frozenset({"temp", "temporary"})


def read_utility(  # noqa: C901, PLR0911, PLR0912 - one case for each command
    sql: str, catalog: Catalog
) -> Utility:
    """Return the effects of a command, as its words show them.

    Args:
        sql: a command that the server accepts.
        catalog: catalog of the database.
    """
    words = _Words(sql, catalog)
    name = words.next.upper()
    match name:
        case "EXPLAIN":
            return words.explain()
        case "SHOW":
            return Utility(name=name, reads_only=True)
        case "TRUNCATE":
            return words.truncate()
        case "REFRESH":
            words.skip("refresh", "materialized", "view", "concurrently")
            return Utility(name="REFRESH", tables=words.relations())
        case "COPY":
            return words.copy()
        case "CREATE":
            return words.create()
        case "DECLARE":
            words.go_behind("for")
            return Utility(name=name, inner=words.rest())
        case "CALL":
            words.skip("call")
            return Utility(name=name, unknown=f"procedure {'.'.join(words.name())}")
        case "DO":
            return Utility(name=name, unknown="DO block")
        case "FETCH" | "MOVE":
            return Utility(name=name, unknown="query of the cursor")
        case "EXECUTE":
            return Utility(name=name, unknown="prepared statement")
        case "SELECT" | "WITH" | "VALUES" | "TABLE" | "(":
            return words.select_into()
        case _ if name in _HARMLESS:
            return Utility(name=name)
        case _:
            return Utility(name=name, unknown=f"{name} command")


class _Words:
    """Reader of a command's words, from the front."""

    def __init__(self, sql: str, catalog: Catalog) -> None:
        self._sql = sql
        self._catalog = catalog
        self._tokens: Sequence[Token] = [t for t in tokenize(sql) if not t.is_blank]
        self._at = 0

    @property
    def next(self) -> str:
        """The next word in lower case; empty at the end."""
        at_end = self._at >= len(self._tokens)
        return "" if at_end else self._tokens[self._at].text.lower()

    def rest(self) -> str:
        """Return the text from the next word on."""
        at_end = self._at >= len(self._tokens)
        return "" if at_end else self._sql[self._tokens[self._at].start :]

    def skip(self, *words: str) -> bool:
        """Skip those of the words that come next, in order; return True if any did."""
        start = self._at
        for word in words:
            self._at += self.next == word
        return self._at > start

    def go_behind(self, word: str) -> bool:
        """Skip everything up to and including a word outside of parentheses.

        Returns:
            False if the word does not occur.
        """
        depth = 0
        while self.next:
            text = self.next
            depth += (text == "(") - (text == ")")
            self._at += 1
            if text == word and not depth:
                return True
        return False

    def name(self) -> tuple[str, ...]:
        """Consume a qualified name."""
        parts = []
        while self._at < len(self._tokens) and self._tokens[self._at].kind in _NAMES:
            parts.append(fold(self._tokens[self._at]))
            self._at += 1
            if not self.skip("."):
                break
        return tuple(parts)

    def relations(self) -> tuple[Relation, ...]:
        """Consume a list of tables and return those that the catalog has."""
        found = []
        while self.next:
            self.skip("only")
            relation = find_relation(self.name(), self._catalog)
            if relation is not None:
                found.append(relation)
            self.skip("*")
            if not self.skip(","):
                break
        return tuple(found)

    def explain(self) -> Utility:
        self.skip("explain")
        analyzes = False
        if self.next == "(":
            start = self._at
            words: list[str] = []
            while self.next not in {")", ""}:
                words.append(self.next)
                self._at += 1
            self._at += 1
            for index, word in enumerate(words):
                if word in {"analyze", "analyse"}:
                    value = words[index + 1] if index + 1 < len(words) else ""
                    analyzes = value.strip("'") not in _OFF
            if words[1:2] in (["select"], ["with"], ["values"], ["table"], ["("]):
                # The parentheses contain a query, not options.
                self._at = start
        else:
            analyzes = self.skip("analyze") or self.skip("analyse")
            self.skip("verbose")
        return Utility(
            name="EXPLAIN",
            reads_only=True,
            inner=self.rest(),
            runs=Inner.RUN if analyzes else Inner.PLANNED,
        )

    def truncate(self) -> Utility:
        self.skip("truncate", "table")
        return Utility(
            name="TRUNCATE",
            tables=self.relations(),
            empties=True,
            cascades=self.go_behind("cascade"),
        )

    def copy(self) -> Utility:
        self.skip("copy")
        if self.next == "(":
            start = self._tokens[self._at].start
            self.skip("(")
            self.go_behind_group()
            end = self._tokens[self._at - 1].end
            return Utility(name="COPY", inner=self._sql[start + 1 : end - 1])
        relations = self.relations()
        return Utility(name="COPY", tables=relations if self.go_behind("from") else ())

    def go_behind_group(self) -> None:
        """Skip everything to the parenthesis that closes the last one."""
        depth = 1
        while depth and self.next:
            depth += (self.next == "(") - (self.next == ")")
            self._at += 1

    def create(self) -> Utility:
        self.skip("create")
        self.skip("global", "local")
        temporary = self.next in _TEMPORARY
        self.skip("temp", "temporary", "unlogged", "materialized")
        if not self.skip("table", "view"):
            return Utility(name="CREATE", unknown="CREATE command")
        self.skip("if", "not", "exists")
        made = self._made(self.name(), temporary=temporary)
        if not self.go_behind("as"):
            return Utility(name="CREATE", unknown="CREATE command")
        inner = self.rest()
        return Utility(name="CREATE", made=made, inner=_without_data_clause(inner))

    def select_into(self) -> Utility:
        """Return the effects of SELECT … INTO, which runs the query without INTO."""
        if not self.go_behind("into"):
            return Utility(name="SELECT", unknown="SELECT INTO command")
        start = self._tokens[self._at - 1].start
        temporary = self.next in _TEMPORARY
        self.skip("temp", "temporary", "unlogged", "table")
        made = self._made(self.name(), temporary=temporary)
        return Utility(
            name="SELECT INTO",
            made=made,
            inner=f"{self._sql[:start]} {self.rest()}",
        )

    def _made(self, name: Sequence[str], *, temporary: bool) -> tuple[str, ...]:
        schemas = ("pg_temp",) if temporary else self._catalog.search_path
        return (".".join(name if len(name) > 1 else (*schemas[:1], *name)),)


def _without_data_clause(sql: str) -> str:
    """Return a query without WITH [NO] DATA at its end."""
    tokens = [token for token in tokenize(sql) if not token.is_blank]
    words = [token.text.lower() for token in tokens]
    for ending in (["with", "no", "data"], ["with", "data"]):
        if words[-len(ending) :] == ending:
            return sql[: tokens[-len(ending)].start]
    return sql
