"""Finds the AND list or SET list that a token of a statement stands in.

Only the shape of clauses is read, by words that PostgreSQL reserves and by nesting;
what the expressions mean is the server's business, which judges every variant.
"""

from __future__ import annotations

from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.model import Nulls
    from reposgen.sql_source.lexer import Token


class ListKind(Enum):
    """What joins the members of a list."""

    CONJUNCTS = auto()  # AND, under WHERE, HAVING or JOIN … ON
    ASSIGNMENTS = auto()  # the commas of SET


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberList:
    """The members of an AND or SET list, as (start, end) offsets into the text."""

    kind: ListKind
    members: tuple[tuple[int, int], ...]

    def member_at(self, offset: int) -> int:
        """The index of the member that covers the offset."""
        return next(i for i, (_, end) in enumerate(self.members) if offset < end)


_QUERY_STARTS = {"select", "with", "insert", "update", "delete"}
_JOIN_WORDS = {"join", "left", "right", "full", "inner", "cross", "natural"}
_CLAUSE_WORDS = _JOIN_WORDS | {
    *("select", "from", "where", "group", "having", "window", "order", "limit"),
    *("offset", "fetch", "for", "union", "intersect", "except", "on", "using"),
    *("set", "returning", "values", "do"),
}
_AFTER_ORDER_BY = {"limit", "offset", "fetch", "for"}
# A clause word is none behind one of these.
_NOT_AFTER = {"from": "distinct", "group": "within", "on": "distinct"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SortTerm:
    """A term of ORDER BY.

    Attributes:
        span: of its expression alone, as (start, end) offsets.
        nulls: where they go, if that is written.
        using: USING and an operator stand where ASC and DESC do.
    """

    span: tuple[int, int]
    descending: bool
    nulls: Nulls | None
    using: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBy:
    """The statement's own ORDER BY.

    Attributes:
        start: the end of what precedes it, so that cutting it leaves no gap.
        end: of its last term.
    """

    start: int
    end: int
    terms: tuple[SortTerm, ...]


class Clauses:
    """The nesting and the clauses of one statement.

    Args:
        sql: the statement, as the server gets it.
    """

    def __init__(self, sql: str) -> None:
        self._tokens: list[Token] = [t for t in tokenize(sql) if not t.is_blank]
        self._words = [
            t.text.lower() if t.kind is TokenKind.WORD else "" for t in self._tokens
        ]
        # For each token, the index of the token that opens the group around it.
        self._opener, self._closer = self._groups()

    def parameters(self) -> Iterator[tuple[int, int]]:
        """(number, offset) of each `$n`, in order."""
        for token in self._tokens:
            if token.kind is TokenKind.PARAMETER:
                yield int(token.text[1:]), token.start

    def list_around(self, offset: int) -> MemberList | None:
        """The innermost list of conjuncts or assignments that the token is part of.

        A parenthesised AND is a list of its own; what stands under OR, NOT or in a
        function's arguments belongs to the conjunct around those.

        Returns:
            None for a token outside any such clause.
        """
        index = next(i for i, t in enumerate(self._tokens) if t.start == offset)
        place = index
        while True:
            opener = self._opener[place]
            clause = self._clause(opener, place)
            if clause is not None:
                return self._innermost(*clause, index)
            if opener < 0:
                return None
            place = opener

    def order_by(self) -> OrderBy | None:
        """The ORDER BY of the statement as a whole."""
        level = list(self._level(-1, 0, len(self._tokens)))
        order = next((i for i in reversed(level) if self._is_order_by(i)), None)
        if order is None:
            return None
        behind = (i for i in level if i > order and self._words[i] in _AFTER_ORDER_BY)
        end = next(behind, len(self._tokens))
        commas = [i for i in level if order < i < end and self._tokens[i].text == ","]
        bounds = [order + 1, *commas, end]
        return OrderBy(
            start=self._tokens[order - 1].end if order else 0,
            end=self._tokens[end - 1].end,
            terms=tuple(self._sort_term(a + 1, b) for a, b in pairwise(bounds)),
        )

    def limit(self) -> int | None:
        """The offset of the LIMIT, OFFSET or FETCH of the statement as a whole."""
        level = self._level(-1, 0, len(self._tokens))
        return next(
            (
                self._tokens[index].start
                for index in level
                if self._words[index] in {"limit", "offset", "fetch"}
            ),
            None,
        )

    def _is_order_by(self, index: int) -> bool:
        return self._words[index : index + 2] == ["order", "by"]

    def _sort_term(self, start: int, end: int) -> SortTerm:
        nulls: Nulls | None = None
        match self._words[end - 2 : end]:
            case ["nulls", ("first" | "last") as written]:
                nulls = "first" if written == "first" else "last"
                end -= 2
            case _:
                pass
        descending = self._words[end - 1] == "desc"
        if self._words[end - 1] in {"asc", "desc"}:
            end -= 1
        level = self._level(self._opener[start], start, end)
        using = next((i for i in level if self._words[i] == "using"), None)
        return SortTerm(
            span=(self._tokens[start].start, self._tokens[(using or end) - 1].end),
            descending=descending,
            nulls=nulls,
            using=using is not None,
        )

    def _groups(self) -> tuple[list[int], dict[int, int]]:
        openers: list[int] = []
        closers: dict[int, int] = {}
        stack = [-1]
        for index, token in enumerate(self._tokens):
            word = self._words[index]
            closes = token.text in {")", "]"} or (
                word == "end" and self._in_case(stack)
            )
            if closes and len(stack) > 1:
                closers[stack.pop()] = index
            openers.append(stack[-1])
            if token.text in {"(", "["} or word == "case":
                stack.append(index)
        closers[-1] = len(self._tokens)
        return openers, closers

    def _in_case(self, stack: Sequence[int]) -> bool:
        return stack[-1] >= 0 and self._words[stack[-1]] == "case"

    def _level(self, opener: int, start: int, end: int) -> Iterator[int]:
        """The tokens of a group itself, without those of the groups in it."""
        return (i for i in range(start, end) if self._opener[i] == opener)

    def _clause(self, opener: int, place: int) -> tuple[ListKind, int, int, int] | None:
        """The clause of the group that `place` is in: its kind, group and tokens."""
        first = opener + 1
        word, start, joined, updates = "", first, False, False
        for index in self._level(opener, first, self._closer[opener]):
            current = self._words[index]
            updates = updates or current == "update"
            if not self._starts_clause(index, updates=updates):
                if self._tokens[index].text == "," and word == "on":
                    current = "from"  # a comma ends the condition of a join
                else:
                    continue
            if index > place:
                return self._kind(word, opener, start, index)
            joined = joined or current in _JOIN_WORDS
            conflict = self._words[index + 1 : index + 2] == ["conflict"]
            word = "" if current == "on" and (conflict or not joined) else current
            start = index + 1
        return self._kind(word, opener, start, self._closer[opener])

    def _starts_clause(self, index: int, *, updates: bool) -> bool:
        word = self._words[index]
        if word not in _CLAUSE_WORDS:
            return False
        before = self._words[index - 1] if index else ""
        if index and self._tokens[index - 1].text == ".":
            return False
        if before and _NOT_AFTER.get(word) == before:
            return False
        if word == "set":  # not reserved: only an UPDATE has the clause
            return updates
        behind = self._tokens[index + 1].text if index + 1 < len(self._tokens) else ""
        return not (word in {"left", "right"} and behind == "(")

    def _kind(
        self, word: str, opener: int, start: int, end: int
    ) -> tuple[ListKind, int, int, int] | None:
        is_query = self._words[opener + 1] in _QUERY_STARTS and not self._merges(opener)
        if word == "on" or (is_query and word in {"where", "having"}):
            return ListKind.CONJUNCTS, opener, start, end
        if is_query and word == "set":
            return ListKind.ASSIGNMENTS, opener, start, end
        return None

    def _merges(self, opener: int) -> bool:
        """MERGE has conditions and SET lists of its own kind, which end otherwise."""
        level = self._level(opener, opener + 1, self._closer[opener])
        return any(self._words[i : i + 2] == ["merge", "into"] for i in level)

    def _innermost(
        self, kind: ListKind, opener: int, start: int, end: int, index: int
    ) -> MemberList:
        separators = self._separators(kind, opener, start, end)
        bounds = [start - 1, *separators, end]
        first, last = next((a + 1, b - 1) for a, b in pairwise(bounds) if a < index < b)
        inside = first if self._tokens[first].text == "(" else None
        if (
            kind is ListKind.CONJUNCTS
            and inside is not None
            and self._closer.get(inside) == last
            and self._words[first + 1] not in _QUERY_STARTS
            and self._separators(kind, inside, first + 1, last)
        ):
            return self._innermost(kind, inside, first + 1, last, index)
        return MemberList(
            kind=kind,
            members=tuple(
                (self._tokens[a + 1].start, self._tokens[b - 1].end)
                for a, b in pairwise(bounds)
            ),
        )

    def _separators(
        self, kind: ListKind, opener: int, start: int, end: int
    ) -> list[int]:
        level = list(self._level(opener, start, end))
        if kind is ListKind.ASSIGNMENTS:
            return [i for i in level if self._tokens[i].text == ","]
        if any(self._words[i] == "or" for i in level):
            return []
        separators = []
        between = False
        for index in level:
            if self._words[index] == "between":
                between = True
            elif self._words[index] == "and":
                if not between:
                    separators.append(index)
                between = False
        return separators
