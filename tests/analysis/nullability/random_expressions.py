"""Random expressions over whatever columns are in scope."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from tests.analysis.nullability.random_schema import (
    AGGREGATES,
    BOOL,
    COLUMNS,
    FRAMES,
    INT,
    TESTS,
    TEXT,
    WINDOWS,
    Item,
    Scope,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


class Expressions(ABC):
    """Makes random expressions; the same ones for the same random numbers."""

    def __init__(self, random: Random, major: int) -> None:
        self.random = random
        self.major = major
        self._aliases = 0
        self._ctes: list[Item] = []

    def _types(self) -> list[str]:
        return [self._kind() for _ in range(self.random.randint(1, 4))]

    def _kind(self) -> str:
        return self.random.choice((INT, INT, TEXT, TEXT, BOOL))

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    def _one_of(self, *makers: Callable[[], str]) -> str:
        return self.random.choice(makers)()

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    @abstractmethod
    def _select(self, types: list[str], outer: list[Item], depth: int) -> str:
        """A query with results of these types."""

    @abstractmethod
    def _item(self, scope: Scope, depth: int) -> str:
        """An item of FROM, added to the scope."""

    def _expression(
        self, kind: str, scope: Scope, depth: int, *, subqueries: bool = True
    ) -> str:
        columns = scope.named(kind, outer=subqueries)
        if columns and (depth <= 0 or self._chance(0.5)):
            return self.random.choice(columns)
        if depth <= 0 or self._chance(0.15):
            return self._constant(kind)
        if kind == BOOL:
            return f"({self._condition(scope, depth - 1, subqueries=subqueries)})"

        def sub(of: str = kind) -> str:
            return self._expression(of, scope, depth - 1, subqueries=subqueries)

        def condition() -> str:
            return self._condition(scope, depth - 1, subqueries=subqueries)

        makers = [
            lambda: f"coalesce({sub()}, {sub()})",
            lambda: f"CASE WHEN {condition()} THEN {sub()} ELSE {sub()} END",
            lambda: f"CASE WHEN {condition()} THEN {sub()} END",
            lambda: f"CASE {sub()} WHEN {sub()} THEN {sub()} ELSE {sub()} END",
            lambda: f"nullif({sub()}, {sub()})",
            lambda: f"greatest({sub()}, {sub()})",
        ]
        if kind == INT:
            makers += [
                lambda: f"({sub()} + {sub()})",
                lambda: f"length({sub(TEXT)})",
                lambda: f"abs({sub()})",
                lambda: f"f_add({sub()}, {sub()})",
                lambda: f"f_add({sub()})",
                lambda: f"f_one({sub(TEXT)})",
                lambda: f"f_score({sub()})",
                lambda: f"f_size({sub()})",
                lambda: f"strpos({sub(TEXT)}, {sub(TEXT)})",
                lambda: f"num_nulls({sub()}, {sub(TEXT)})",
                lambda: f"array_length(ARRAY[{sub()}], 1)",
            ]
        else:
            makers += [
                lambda: f"lower({sub()})",
                lambda: f"f_or({sub()})",
                lambda: f"(f_first({sub(INT)})).title",
                lambda: f"({sub()} || {sub()})",
                lambda: f"concat({sub()}, {sub(INT)})",
                lambda: f"({sub(INT)})::text",
                lambda: f"substring({sub()} from 'a.')",
                lambda: f"jsonb_build_object('k', {sub(INT)})->>'k'",
                lambda: f"concat_ws({sub()}, {sub()})",
            ]
        if subqueries and depth > 0:
            makers += [lambda: self._scalar(kind, scope, depth - 1)] * 2
        return self.random.choice(makers)()

    def _scalar(self, kind: str, scope: Scope, depth: int) -> str:
        around = scope.items + scope.outer
        if self._chance(0.3) and around:
            item = self.random.choice(around)
            keys = [x for x in ("p_id", "q_id") if x in item.columns]
            names = [n for n, of in COLUMNS["p"].items() if of == kind]
            if keys and names:
                alias = self._alias()
                name = self.random.choice(names)
                key = f"{item.alias}.{self.random.choice(keys)}"
                return (
                    f"(SELECT {alias}.{name} FROM p {alias} WHERE {alias}.id = {key})"
                )
        inner = Scope([], around)
        tables = self._item(inner, max(1, depth))
        where = f" WHERE {self._condition(inner, 1)}" if self._chance(0.5) else ""
        if self._chance(0.6):
            value = self._aggregate(kind, inner)
            if self._chance(0.3):
                value = f"coalesce({value}, {self._expression(kind, Scope(around), 0)})"
            having = " HAVING count(*) > 0" if self._chance(0.1) else ""
            return f"(SELECT {value} FROM {tables}{where}{having})"
        value = self._expression(kind, inner, 1)
        return f"(SELECT {value} FROM {tables}{where} LIMIT 1)"

    def _constant(self, kind: str) -> str:
        if self._chance(0.2):
            return f"NULL::{kind}"
        if kind == INT:
            return str(self.random.randint(0, 3))
        if kind == TEXT:
            return self.random.choice(("'a'", "'ab'", "''"))
        return self.random.choice(("true", "false"))

    def _condition(self, scope: Scope, depth: int, *, subqueries: bool = True) -> str:
        kind = self.random.choice((INT, TEXT))

        def expr(of: str = kind) -> str:
            level = max(0, depth - 1)
            return self._expression(of, scope, level, subqueries=subqueries)

        simple = [
            lambda: f"{expr()} {self.random.choice(('=', '<', '>', '<>'))} {expr()}",
            lambda: f"{expr()} IS NOT NULL",
            lambda: f"{expr()} IS NOT NULL",
            lambda: f"{expr()} IS NULL",
            lambda: f"{expr()} IN ({self._constant(kind)}, {self._constant(kind)})",
            lambda: f"{expr()} NOT IN ({self._constant(kind)}, {self._constant(kind)})",
            lambda: f"{expr()} IS DISTINCT FROM {expr()}",
            lambda: f"{expr()} IS NOT DISTINCT FROM {self._constant(kind)}",
            lambda: f"{expr(BOOL)} IS {self.random.choice(TESTS)}",
            lambda: f"{expr(INT)} BETWEEN 0 AND {expr(INT)}",
            lambda: f"{expr(INT)} = ANY (ARRAY[{expr(INT)}, 1])",
            lambda: f"{expr(INT)} <> ALL (ARRAY[{expr(INT)}, 1])",
            lambda: f"{expr(TEXT)} LIKE 'a%'",
            lambda: f"coalesce({expr(BOOL)}, {self._constant(BOOL)})",
        ]
        if depth <= 0:
            return self.random.choice(simple)()

        def sub() -> str:
            return self._condition(scope, depth - 1, subqueries=subqueries)

        joined = [
            lambda: f"({sub()} AND {sub()})",
            lambda: f"({sub()} AND {sub()})",
            lambda: f"({sub()} OR {sub()})",
            lambda: f"NOT ({sub()})",
        ]
        if subqueries:
            joined += [
                lambda: f"EXISTS ({self._nested(kind, scope)})",
                lambda: f"{expr()} IN ({self._nested(kind, scope)})",
                lambda: f"{expr()} NOT IN ({self._nested(kind, scope)})",
                lambda: f"{expr()} > ALL ({self._nested(kind, scope)})",
            ]
        return self.random.choice(simple + joined)()

    def _nested(self, kind: str, scope: Scope) -> str:
        return self._select([kind], scope.items + scope.outer, 1)

    def _aggregate(self, kind: str, scope: Scope) -> str:
        if kind == INT and self._chance(0.2):
            return "count(*)::int"
        template, of = self.random.choice(AGGREGATES[kind])
        argument = self._expression(of, scope, 1, subqueries=False)
        call = template.format(f"{argument}::text" if of == TEXT else argument)
        if self._chance(0.15) and "::" not in call and "(array" not in call:
            if call.startswith(("length", "card")):
                return call
            call += f" FILTER (WHERE {self._condition(scope, 1, subqueries=False)})"
        return call

    def _window(self, kind: str, scope: Scope) -> str:
        template, of = self.random.choice(WINDOWS[kind])
        call = template.format(self._expression(of, scope, 1))
        order = self._expression(self._kind(), scope, 1)
        frame = self.random.choice(FRAMES).format(o=order)
        if call.startswith(("rank", "row_number", "ntile", "lag", "lead")):
            frame = frame.split(" ROWS")[0]
        text = f"{call} OVER ({frame.strip()})"
        return f"({text})::int" if kind == INT else text
