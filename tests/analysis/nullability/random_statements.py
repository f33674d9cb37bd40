"""Random statements: queries, and INSERT, UPDATE, DELETE, MERGE with RETURNING."""

from __future__ import annotations

from tests.analysis.nullability.random_queries import Queries
from tests.analysis.nullability.random_schema import (
    COLUMNS,
    INT,
    TABLES,
    TEXT,
    Item,
    Scope,
)


class Statements(Queries):
    """Makes random statements, writes among them."""

    def statement(self) -> str:
        """A whole statement."""
        self._aliases = 0
        self._ctes = []
        roll = self.random.random()
        if roll < 0.15:
            return self._write()
        types = self._types()
        if roll < 0.4:
            return self._with(types)
        return self._select(types, [], 3)

    def _write(self) -> str:
        table = self.random.choice(TABLES)
        makers = [
            lambda: self._insert(table),
            lambda: self._update(table),
            lambda: self._delete(table),
        ]
        if self.major >= 17 and not self._ctes:
            makers.append(lambda: self._merge(table))
        return self.random.choice(makers)()

    def _returning(self, scope: Scope, target: str) -> str:
        exprs = [self._expression(INT, scope, 1), self._expression(TEXT, scope, 1)]
        text = f"{exprs[0]} AS r0, {exprs[1]} AS r1"
        if self.major >= 18 and not self._ctes:
            columns = COLUMNS[target]
            for row in ("old", "new"):
                if self._chance(0.4):
                    name = self.random.choice(list(columns))
                    text += f", {row}.{name}"
        return f" RETURNING {text}"

    def _fresh(self, table: str, given: Scope) -> dict[str, str]:
        """Values for all columns that have no NULL, and some of the others."""
        number = str(self.random.randint(100, 999))
        required = {
            "p": {"id": number, "name": "'new'", "flag": "true", "tags": "'{}'"},
            "c": {"id": number, "p_id": "1", "title": f"'n{number}'"},
            "l": {"c_id": "1", "tag": f"'n{number}'"},
        }[table]
        for name, kind in COLUMNS[table].items():
            if name not in required and name != "q_id" and self._chance(0.5):
                required[name] = self._expression(kind, given, 1)
        return required

    def _insert(self, table: str) -> str:
        target = Item(table, COLUMNS[table])
        if self._chance(0.4):
            source = Item("s", COLUMNS["p"])
            values = self._fresh(table, Scope([source]))
            body = f"SELECT {', '.join(values.values())} FROM p s LIMIT 1"
        else:
            values = self._fresh(table, Scope([]))
            body = f"VALUES ({', '.join(values.values())})"
        conflict = ""
        key = {"p": "id", "c": "id", "l": "c_id, tag"}[table]
        if self._chance(0.3):
            name, kind = self.random.choice(
                [(n, k) for n, k in COLUMNS[table].items() if n not in key]
            )
            excluded = Item("excluded", COLUMNS[table])
            value = self._expression(kind, Scope([target, excluded]), 1)
            conflict = f" ON CONFLICT ({key}) DO UPDATE SET {name} = {value}"
            values["id" if "id" in values else "c_id"] = "1"
        names = ", ".join(values)
        return (
            f"INSERT INTO {table} ({names}) {body}{conflict}"
            f"{self._returning(Scope([target]), table)}"
        )

    def _assignments(self, table: str, scope: Scope) -> str:
        free = [
            (name, kind)
            for name, kind in COLUMNS[table].items()
            if name not in {"id", "p_id", "q_id", "c_id", "tag"}
        ]
        chosen = self.random.sample(free, self.random.randint(1, 2))
        return ", ".join(
            f"{name} = {self._expression(kind, scope, 2)}" for name, kind in chosen
        )

    def _others(self, word: str, scope: Scope) -> str:
        if self._chance(0.6):
            return ""
        # The target cannot be named in the joins beside it.
        beside = Scope([])
        text = self._from(beside, 1)
        scope.items += beside.items
        return f" {word} {text}"

    def _update(self, table: str) -> str:
        scope = Scope([Item(table, COLUMNS[table])])
        others = self._others("FROM", scope)
        assigned = self._assignments(table, scope)
        where = f" WHERE {self._condition(scope, 2)}" if self._chance(0.8) else ""
        returning = self._returning(scope, table)
        return f"UPDATE {table} SET {assigned}{others}{where}{returning}"

    def _delete(self, table: str) -> str:
        scope = Scope([Item(table, COLUMNS[table])])
        others = self._others("USING", scope)
        where = f" WHERE {self._condition(scope, 2)}" if self._chance(0.8) else ""
        return f"DELETE FROM {table}{others}{where}{self._returning(scope, table)}"

    def _merge(self, table: str) -> str:
        target = Item(table, COLUMNS[table])
        scope = Scope([])
        source = self._item(scope, 1)
        if " AS (" in source or not source:
            source = "p AS s"
            scope.items = [Item("s", COLUMNS["p"])]
        both = Scope([target, *scope.items])
        condition = self._equality([target], scope.items)
        actions = []
        if self._chance(0.8):
            action = self.random.choice(
                (f"UPDATE SET {self._assignments(table, both)}", "DELETE")
            )
            actions.append(f"WHEN MATCHED THEN {action}")
        if self._chance(0.5):
            action = self.random.choice(
                (f"UPDATE SET {self._assignments(table, Scope([target]))}", "DELETE")
            )
            actions.append(f"WHEN NOT MATCHED BY SOURCE THEN {action}")
        if self._chance(0.5) or not actions:
            values = self._fresh(table, scope)
            actions.append(
                f"WHEN NOT MATCHED THEN INSERT ({', '.join(values)})"
                f" VALUES ({', '.join(values.values())})"
            )
        return (
            f"MERGE INTO {table} USING {source} ON {condition} {' '.join(actions)}"
            f"{self._returning(both, table)}"
        )
