"""Random queries: joins, groups, windows, set operations, CTEs."""

from __future__ import annotations

from abc import abstractmethod

from tests.analysis.nullability.random_expressions import Expressions
from tests.analysis.nullability.random_schema import (
    BOOL,
    COLUMNS,
    INT,
    KEYS,
    TABLES,
    TEXT,
    UNIQUE,
    Item,
    Scope,
)


class Queries(Expressions):
    """Makes random queries.

    Attributes:
        pins: in this share of SELECTs, WHERE compares columns with values.
    """

    pins = 0.0

    @abstractmethod
    def _write(self) -> str:
        """A write that returns two columns, for WITH."""

    def _with(self, types: list[str]) -> str:
        parts = []
        for _ in range(self.random.randint(1, 2)):
            name = f"cte{len(self._ctes)}"
            of = self._types()
            columns = {f"k{i}": kind for i, kind in enumerate(of)}
            item = Item(name, columns)
            listed = f"{name}({', '.join(columns)})"
            if self._chance(0.3):
                base = self._select(of, [], 1, plain=True)
                self._ctes.append(item)
                step = self._recursive_step(item)
                self._ctes.pop()
                union = self.random.choice(("UNION", "UNION ALL"))
                parts.append(f"{listed} AS ({base} {union} {step})")
            elif self._chance(0.2):
                parts.append(f"{name} AS ({self._write()})")
                item = Item(name, {"r0": INT, "r1": TEXT})
            else:
                parts.append(f"{listed} AS ({self._select(of, [], 2)})")
            self._ctes.append(item)
        body = self._select(types, [], 2)
        return f"WITH RECURSIVE {', '.join(parts)} {body}"

    def _recursive_step(self, item: Item) -> str:
        scope = Scope([item])
        tables = item.alias
        if self._chance(0.4):
            table = self.random.choice(TABLES)
            other = Item(self._alias(), COLUMNS[table])
            scope.items.append(other)
            join = self.random.choice(("JOIN", "LEFT JOIN"))
            condition = self._condition(scope, 1, subqueries=False)
            tables += f" {join} {table} {other.alias} ON {condition}"
        exprs = [
            self._expression(kind, scope, 2, subqueries=False)
            for kind in item.columns.values()
        ]
        # Whatever the step does, it ends: rows are numbered by no column of it.
        where = " WHERE " + self._condition(scope, 1, subqueries=False)
        return f"SELECT {', '.join(exprs)} FROM {tables}{where}"

    def _select(
        self, types: list[str], outer: list[Item], depth: int, *, plain: bool = False
    ) -> str:
        if depth > 1 and self._chance(0.12) and not plain:
            operator = self.random.choice(
                ("UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT")
            )
            left = self._select(types, outer, depth - 1)
            right = self._select(types, outer, depth - 1)
            return f"({left}) {operator} ({right})"
        if self._chance(0.04):
            rows = [
                ", ".join(self._expression(k, Scope([], outer), 1) for k in types)
                for _ in range(self.random.randint(1, 3))
            ]
            return "VALUES " + ", ".join(f"({row})" for row in rows)
        if self._chance(0.05):
            exprs = [self._expression(k, Scope([], outer), 2) for k in types]
            return "SELECT " + self._listed(exprs)
        scope = Scope([], outer)
        tables = self._from(scope, depth)
        where = ""
        if self._chance(0.6):
            where = f" WHERE {self._condition(scope, depth)}"
        if self.pins and self._chance(self.pins):
            rest = where.removeprefix(" WHERE ") or "true"
            where = f" WHERE {self._pinned(scope)} AND ({rest})"
        if plain:
            exprs = [self._expression(k, scope, 2) for k in types]
            return f"SELECT {self._listed(exprs)} FROM {tables}{where}"
        if self._chance(0.3):
            return self._grouped(types, scope, f" FROM {tables}{where}")
        exprs = [
            self._window(kind, scope)
            if self._chance(0.15)
            else self._expression(kind, scope, depth)
            for kind in types
        ]
        distinct = "DISTINCT " if self._chance(0.08) else ""
        limit = ""
        if not distinct and self._chance(0.15):
            limit = f" LIMIT {self.random.randint(0, 2)}"
            if self._chance(0.3):
                limit += f" OFFSET {self.random.randint(0, 1)}"
        return f"SELECT {distinct}{self._listed(exprs)} FROM {tables}{where}{limit}"

    def _pinned(self, scope: Scope) -> str:
        """Columns of FROM's items compared with values: keys, parts of keys, others."""
        parts = []
        for item in scope.items:
            keys = [key for columns, key in UNIQUE if columns is item.columns]
            names = self.random.choice(keys or [(name,) for name in item.columns])
            parts += [
                self._pin(f"{item.alias}.{name}", item.columns[name], scope)
                for name in names
                if self._chance(0.9)
            ]
        return " AND ".join(parts) or "true"

    def _pin(self, column: str, kind: str, scope: Scope) -> str:
        value = {INT: "1", TEXT: "'a'", BOOL: "true"}.get(kind, "'[0,5)'")
        same = [one for one in scope.named(kind, outer=True) if one != column]
        forms = [f"{column} = {value}"] * 6
        forms += [f"{value} = {column}", f"{column} IN ({value})"]
        forms += [f"{column} = ANY (ARRAY[{value}])", f"{column} IN ({value}, NULL)"]
        forms += [f"{column} IS NOT DISTINCT FROM {value}", f"NOT {column} <> {value}"]
        forms += [f"({column} = {value} OR {column} IS NULL)"]
        if kind == INT:
            forms += [f"{column} = (SELECT max(id) FROM p)", f"{column} + 0 = 1"]
        if same:
            forms += [f"{column} = {self.random.choice(same)}"] * 3
        return self.random.choice(forms)

    def _listed(self, exprs: list[str]) -> str:
        return ", ".join(f"{expr} AS k{i}" for i, expr in enumerate(exprs))

    def _grouped(self, types: list[str], scope: Scope, rest: str) -> str:
        keys: list[tuple[str, str]] = []
        for _ in range(self.random.randint(0, 2)):
            kind = self._kind()
            keys.append((self._expression(kind, scope, 1, subqueries=False), kind))
        keys = [key for key in keys if "." in key[0]]
        by = ""
        if keys:
            texts = [text for text, _ in keys]
            listed = ", ".join(texts)
            forms = [f"{listed}"] * 3
            forms += [f"ROLLUP ({listed})", f"CUBE ({listed})"]
            forms.append(f"GROUPING SETS (({listed}), ({texts[0]}))")
            forms.append(f"GROUPING SETS (({listed}), ())")
            forms.append(f"{texts[0]}, ROLLUP ({texts[-1]})")
            by = " GROUP BY " + self.random.choice(forms)
        having = ""
        if self._chance(0.3):
            having = " HAVING " + self._one_of(
                lambda: "count(*) > 0",
                lambda: f"{self._aggregate(INT, scope)} IS NOT NULL",
                lambda: f"{self._aggregate(INT, scope)} > 0",
                lambda: f"{keys[0][0]} IS NOT NULL" if keys else "count(*) >= 1",
                lambda: f"{self._aggregate(TEXT, scope)} <> ''",
            )
        exprs = [self._over_groups(kind, keys, scope, 2) for kind in types]
        return f"SELECT {self._listed(exprs)}{rest}{by}{having}"

    def _over_groups(
        self, kind: str, keys: list[tuple[str, str]], scope: Scope, depth: int
    ) -> str:
        fitting = [text for text, of in keys if of == kind]
        if fitting and self._chance(0.45):
            return self.random.choice(fitting)
        if depth and self._chance(0.3):
            inner = self._over_groups(kind, keys, scope, depth - 1)
            other = self._over_groups(kind, keys, scope, depth - 1)
            return self._one_of(
                lambda: f"coalesce({inner}, {other})",
                lambda: f"CASE WHEN {inner} IS NULL THEN {other} ELSE {inner} END",
                lambda: f"nullif({inner}, {other})",
                lambda: f"max({inner}) OVER ()" if kind != BOOL else inner,
            )
        return self._aggregate(kind, scope)

    def _from(self, scope: Scope, depth: int) -> str:
        text = self._item(scope, depth)
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            text = self._joined(text, scope, depth)
        if self._chance(0.1):
            text += f", {self._item(scope, depth)}"
        return text

    def _joined(self, text: str, scope: Scope, depth: int) -> str:
        before = list(scope.items)
        if self._chance(0.2):
            nested = Scope([], scope.outer)
            right = self._item(nested, depth)
            right = f"({self._joined(right, nested, depth)})"
            scope.items += nested.items
        elif self._chance(0.15):
            right = self._lateral(scope, depth)
            if self._chance(0.6):
                join = self.random.choice(("LEFT", "INNER"))
                condition = self.random.choice(
                    ("true", "true", self._condition(scope, 1))
                )
                return f"{text} {join} JOIN {right} ON {condition}"
            return f"{text} CROSS JOIN {right}"
        else:
            right = self._item(scope, depth)
        join = self.random.choice(("LEFT", "LEFT", "INNER", "RIGHT", "FULL"))
        here = Scope(scope.items)
        new = [item for item in scope.items if item not in before]
        equality = self._equality(before, new)
        condition = equality
        if join != "FULL" and self._chance(0.3):
            condition = self._condition(here, 1)
        elif join != "FULL" and self._chance(0.2):
            condition = f"{equality} AND {self._condition(here, 1)}"
        return f"{text} {join} JOIN {right} ON {condition}"

    def _equality(self, left: list[Item], right: list[Item]) -> str:
        kind = self.random.choice((INT, INT, TEXT))
        ones, others = Scope(left).named(kind, outer=False), []
        others = Scope(right).named(kind, outer=False)
        keys = [
            " AND ".join(f"{a.alias}.{x} = {b.alias}.{y}" for x, y in key)
            for a, b in [(a, b) for a in left for b in right]
            + [(a, b) for a in right for b in left]
            for key in KEYS
            if all(x in a.columns and y in b.columns for x, y in key)
        ]
        if keys and self._chance(0.6):
            return self.random.choice(keys)
        if not ones or not others:
            return "1 = 1"
        return f"{self.random.choice(ones)} = {self.random.choice(others)}"

    def _item(  # noqa: PLR0911 - one return for each kind of item
        self, scope: Scope, depth: int
    ) -> str:
        alias = self._alias()
        if depth > 1 and self._chance(0.25):
            types = self._types()
            query = self._select(types, [], depth - 1)
            columns = {f"k{i}": kind for i, kind in enumerate(types)}
            scope.items.append(Item(alias, columns))
            return f"({query}) AS {alias}({', '.join(columns)})"
        if self._ctes and self._chance(0.5):
            cte = self.random.choice(self._ctes)
            scope.items.append(Item(alias, cte.columns))
            return f"{cte.alias} AS {alias}"
        if self._chance(0.05):
            scope.items.append(Item(alias, {"g": INT}))
            return f"generate_series(1, {self.random.randint(0, 3)}) AS {alias}(g)"
        if self._chance(0.05):
            scope.items.append(Item(alias, {"u": TEXT, "n": INT}))
            elements = self.random.choice(("'a', NULL", "'a', 'b'"))
            return f"unnest(ARRAY[{elements}]::text[]) WITH ORDINALITY AS {alias}(u, n)"
        if self._chance(0.05):
            row = {"cid": INT, "title": TEXT, "sub": TEXT}
            scope.items.append(Item(alias, row))
            return f"f_rows({self._constant(INT)}) AS {alias}"
        if self._chance(0.03):
            scope.items.append(Item(alias, COLUMNS["c"]))
            return f"f_first({self._constant(INT)}) AS {alias}"
        others = tuple(name for name in COLUMNS if name not in TABLES)
        table = self.random.choice((*TABLES * 5, *others))
        scope.items.append(Item(alias, COLUMNS[table]))
        return f"{table} AS {alias}"

    def _lateral(self, scope: Scope, depth: int) -> str:
        types = self._types()
        query = self._select(types, list(scope.items), max(1, depth - 1))
        alias = self._alias()
        columns = {f"k{i}": kind for i, kind in enumerate(types)}
        scope.items.append(Item(alias, columns))
        return f"LATERAL ({query}) AS {alias}({', '.join(columns)})"
