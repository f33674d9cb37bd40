"""Search for the AND list, SET list or VALUES row that contains a token.

Only the shape of clauses is read, from PostgreSQL's reserved words and from nesting.
The server checks the expressions when it describes each variant.
"""

from __future__ import annotations

from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.model import Nulls
    from reposgen.sql_source.lexer import Token


class ListKind(Enum):
    """Separator of the members of a list."""

    CONJUNCTS = auto()  # AND, under WHERE, HAVING or JOIN … ON
    ASSIGNMENTS = auto()  # the commas of SET
    ROW = auto()  # the commas of a row of VALUES, under INSERT


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberList:
    """Members of a list, as (start, end) offsets into the text."""

    kind: ListKind
    members: tuple[tuple[int, int], ...]

    def member_at(self, offset: int) -> int:
        """Return the index of the member that contains an offset."""
        return next(i for i, (_, end) in enumerate(self.members) if offset < end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """Subquery around a condition, whose result an outer condition uses.

    Attributes:
        word: EXISTS, IN, ANY, ALL, ARRAY, or SUBQUERY for a scalar subquery.
        offset: offset of the subquery's opening parenthesis.
    """

    word: str
    offset: int


_SUBQUERY_WORDS = {
    "exists": "EXISTS",
    "in": "IN",
    "any": "ANY",
    "some": "ANY",
    "all": "ALL",
    "array": "ARRAY",
}
_SET_OPERATORS = {"union", "intersect", "except"}
_TABLE_WORDS = {"from", "using", "lateral", "as", "materialized", "on"}
_CONDITION_WORDS = {"where", "having", "on"}
_QUERY_STARTS = {"select", "with", "insert", "update", "delete"}
_JOIN_WORDS = {"join", "left", "right", "full", "inner", "cross", "natural"}
_CLAUSE_WORDS = _JOIN_WORDS | {
    *("select", "from", "where", "group", "having", "window", "order", "limit"),
    *("offset", "fetch", "for", "union", "intersect", "except", "on", "using"),
    *("set", "returning", "values", "do"),
}
_SEVERAL = 2
_AFTER_ORDER_BY = {"limit", "offset", "fetch", "for"}
# Words before a clause word that make it part of an expression.
_NOT_AFTER = {"from": "distinct", "group": "within", "on": "distinct"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SortTerm:
    """Term of ORDER BY.

    Attributes:
        span: (start, end) offsets of its expression alone.
        descending: True with DESC.
        nulls: NULLS FIRST or LAST; None if not written.
        using: True if USING and an operator replace ASC and DESC.
    """

    span: tuple[int, int]
    descending: bool
    nulls: Nulls | None
    using: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBy:
    """ORDER BY of the statement as a whole.

    Attributes:
        start: the end of the token before it, so that removing it leaves no gap.
        end: the end of its last term.
        terms: its terms.
    """

    start: int
    end: int
    terms: tuple[SortTerm, ...]


class Clauses:
    """Nesting and clauses of one statement.

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
        """Yield the number and the offset of each `$n`, in order."""
        for token in self._tokens:
            if token.kind is TokenKind.PARAMETER:
                yield int(token.text[1:]), token.start

    def list_around(self, offset: int) -> MemberList | None:
        """Return the innermost list of conjuncts, assignments or values around a token.

        A parenthesised AND is a list of its own. A token under OR, NOT or in the
        arguments of a function belongs to the conjunct around them.

        Returns:
            None for a token outside any such clause.
        """
        index = self._index(offset)
        place = index
        while True:
            opener = self._opener[place]
            clause = self._clause(opener, place)
            if clause is not None:
                return self._innermost(*clause, index)
            if opener < 0:
                return None
            place = opener

    def enclosures(self, offset: int) -> list[Enclosure]:
        """Return the subqueries in conditions around a token, the innermost first.

        Subqueries in FROM do not count. Instead of a subquery in WITH, the subqueries
        count that contain a use of its CTE.
        """
        found: list[Enclosure] = []
        self._enclose(self._index(offset), found, set())
        return found

    def is_in_outer_join(self, offset: int) -> bool:
        """Return True if the innermost condition around a token is an outer join's."""
        place = self._index(offset)
        while True:
            opener = self._opener[place]
            if self._clause(opener, place) is not None:
                return self._joins_outer(opener, place)
            if opener < 0:
                return False
            place = opener

    def is_behind_except(self, offset: int) -> bool:
        """Return True if a token is in the second part of an EXCEPT."""
        place = self._index(offset)
        while True:
            opener = self._opener[place]
            level = self._level(opener, opener + 1, place)
            operators = [w for i in level if (w := self._words[i]) in _SET_OPERATORS]
            if operators[-1:] == ["except"]:
                return True
            if opener < 0:
                return False
            place = opener

    def goes_with_more(self, member: tuple[int, int], offsets: Sequence[int]) -> str:
        """Return the operator by which a condition contains more than some tokens.

        The rest of the condition is left out together with the tokens.

        Args:
            member: (start, end) of the condition, as in `MemberList`.
            offsets: offsets of tokens in it, one for each parameter.

        Returns:
            OR, NOT or AND; empty if the condition contains nothing else.
        """
        inside = [
            index
            for index, token in enumerate(self._tokens)
            if member[0] <= token.start < member[1]
        ]
        level = self._opener[inside[0]]
        own = [i for i in inside if not self._is_in_subquery(i, level)]
        joints = self._joints(own)
        if not joints:
            return ""
        places = [self._index(offset) for offset in offsets]
        if len(places) < _SEVERAL and not any(
            self._has_companion(place, level, own, joints) for place in places
        ):
            return ""
        words = [self._words[i] for i in own]
        return next((w.upper() for w in ("or", "not") if w in words), "AND")

    def _index(self, offset: int) -> int:
        return next(i for i, t in enumerate(self._tokens) if t.start == offset)

    def _enclose(self, place: int, found: list[Enclosure], seen: set[int]) -> None:
        while (opener := self._opener[place]) >= 0:
            place = opener
            if self._words[opener + 1] not in _QUERY_STARTS:
                continue
            before = self._words[opener - 1] if opener else ""
            earlier = self._words[opener - 2] if opener > 1 else ""
            if before in {"as", "materialized"}:
                self._enclose_readers(opener, found, seen)
            elif before in _SET_OPERATORS or earlier in _SET_OPERATORS:
                continue
            elif self._is_in_condition(opener):
                word = _SUBQUERY_WORDS.get(before, "SUBQUERY")
                found.append(Enclosure(word=word, offset=self._tokens[opener].start))

    def _enclose_readers(
        self, opener: int, found: list[Enclosure], seen: set[int]
    ) -> None:
        """Add the enclosures of the places that read a CTE."""
        if opener in seen:
            return
        seen.add(opener)
        name = opener - 1
        while self._words[name] in {"as", "not", "materialized"}:
            name -= 1
        if self._tokens[name].text == ")":  # of a list of columns
            name = next(i for i, end in self._closer.items() if end == name) - 1
        called = fold(self._tokens[name])
        for index, token in enumerate(self._tokens):
            if (
                index != name
                and token.kind in {TokenKind.WORD, TokenKind.QUOTED}
                and fold(token) == called
                and self._words[index - 1] in {*_TABLE_WORDS, *_JOIN_WORDS, ""}
            ):
                self._enclose(index, found, seen)

    def _is_in_condition(self, opener: int) -> bool:
        """Return True if a subquery in parentheses is part of a condition."""
        place = opener
        while True:
            group = self._opener[place]
            word = self._clause_word(group, place)
            if word or group < 0:
                return word in _CONDITION_WORDS
            place = group

    def _is_in_subquery(self, index: int, level: int) -> bool:
        while (opener := self._opener[index]) != level:
            if self._words[opener + 1] in _QUERY_STARTS:
                return True
            index = opener
        return False

    def _joints(self, indexes: Sequence[int]) -> list[int]:
        """Return the ANDs and ORs among tokens, without those of BETWEEN."""
        joints = []
        between: set[int] = set()
        for index in indexes:
            level = self._opener[index]
            match self._words[index]:
                case "between":
                    between.add(level)
                case "and" if level in between:
                    between.remove(level)
                case "and" | "or":
                    joints.append(index)
                case _:
                    pass
        return joints

    def _has_companion(
        self, place: int, level: int, own: Sequence[int], joints: Sequence[int]
    ) -> bool:
        """Return True if AND joins another condition to that of a token."""
        while True:
            opener = self._opener[place]
            around = [i for i in joints if self._opener[i] == opener]
            before = [i for i in around if i < place]
            behind = [i for i in around if i > place]
            nearest = (*before[-1:], *behind[:1])
            if any(self._words[i] == "and" for i in nearest):
                return True
            if opener == level or opener not in own:
                return False
            place = opener

    def _joins_outer(self, opener: int, place: int) -> bool:
        joins: list[bool] = []
        outer = False
        for index in self._level(opener, opener + 1, place):
            match self._words[index]:
                case "left" | "right" | "full":
                    outer = True
                case "inner" | "cross" | "natural" | "from":
                    outer = False
                case "join":
                    joins.append(outer)
                    outer = False
                case "on" if joins:
                    found = joins.pop()
                    if self._clause(opener, place) == self._clause(opener, index + 1):
                        return found
                case _:
                    pass
        return False

    def order_by(self) -> OrderBy | None:
        """Return the ORDER BY of the statement as a whole, or None."""
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
        """Return the offset of the statement's own LIMIT, OFFSET or FETCH, or None."""
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
        """Return the tokens of a group, without those of the groups inside it."""
        return (i for i in range(start, end) if self._opener[i] == opener)

    def _clause(self, opener: int, place: int) -> tuple[ListKind, int, int, int] | None:
        """Return the clause that contains `place`: kind, group, first and end token."""
        word, start, end = self._clause_around(opener, place)
        if word == "values" and self._is_inserted_row(opener, start, place):
            return ListKind.ROW, place, place + 1, self._closer[place]
        return self._kind(word, opener, start, end)

    def _is_inserted_row(self, opener: int, start: int, place: int) -> bool:
        """Return True if a parenthesis opens a row of the VALUES of an INSERT.

        Args:
            opener: the group that contains VALUES.
            start: the token behind VALUES.
            place: the parenthesis.
        """
        before = [self._words[i] for i in self._level(opener, opener + 1, start - 1)]
        if "insert" not in before:
            return False
        behind = before[len(before) - before[::-1].index("insert") :]
        if not _CLAUSE_WORDS.isdisjoint(behind):
            return False
        row = start
        while row < len(self._tokens) and self._tokens[row].text == "(":
            if row == place:
                return True
            row = self._closer[row] + 1
            if row < len(self._tokens) and self._tokens[row].text == ",":
                row += 1
        return False

    def _clause_word(self, opener: int, place: int) -> str:
        return self._clause_around(opener, place)[0]

    def _clause_around(self, opener: int, place: int) -> tuple[str, int, int]:
        """Return the clause that contains `place`: its word, and the tokens behind it.

        The tokens are given as first index and end index.
        """
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
                return word, start, index
            joined = joined or current in _JOIN_WORDS
            conflict = self._words[index + 1 : index + 2] == ["conflict"]
            word = "" if current == "on" and (conflict or not joined) else current
            start = index + 1
        return word, start, self._closer[opener]

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
        """Return True in a MERGE, whose conditions and SET lists have other ends."""
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
        if kind is not ListKind.CONJUNCTS:
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
