"""Creation of rows, together with all rows that they need."""

from __future__ import annotations

from dataclasses import field
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import RawCursor, sql

from reposgen.models import dataclass
from reposgen.testing.factories.solve import (
    choose,
    conditions_of,
    groups,
    unmet,
    valid,
)
from reposgen.testing.factories.values import Values
from reposgen.testing.problems import TestingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reposgen.testing.factories.solve import Condition
    from reposgen.testing.factories.tables import Column, ForeignKey, Table

T = TypeVar("T")

_UUIDS = ("gen_random_uuid()", "uuid_generate_v4()", "uuidv4()")
# Forms of values beside the places in what Values gives.
_AS_IT_IS, _NULL = -1, -2
_STAGE = '"reposgen_stage"'


@dataclass(slots=True, kw_only=True, eq=False)
class Row:
    """A row to be inserted.

    Attributes:
        values: values in PostgreSQL's text format, None for NULL, by column.
        fixed: columns whose values must not change.
        number: number by which its values differ from those of other rows.
        needs: rows that must exist as well, by foreign key.
    """

    table: Table
    values: dict[str, str | None]
    fixed: set[str]
    number: int
    needs: dict[str, Row] = field(default_factory=dict)


class RowMaker:
    """Creator of rows for any table of a database.

    Args:
        connection: a connection in autocommit mode, or in a transaction.
        tables: tables of the database.
        seed: the same seed makes the same rows.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        tables: Mapping[int, Table],
        seed: str,
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._random = Random(seed)  # noqa: S311 -- not for secrets
        self._number = 0
        self._conditions: dict[int, tuple[Condition, ...]] = {}
        # What met the conditions of a table before: the forms of values, by column.
        self._forms: dict[int, dict[str, int]] = {}
        # The rows that are being planned, by their tables.
        self._planned: dict[int, Row] = {}
        # All rows that are going to be inserted, by their tables.
        self._coming: dict[int, list[Row]] = {}
        self._in_cycle = False

    def insert(
        self,
        table: Table,
        count: int,
        given: Mapping[str, str | None],
        fetch: Callable[[Sequence[Row], Sequence[Row]], T],
    ) -> T:
        """Insert rows into a table, and all rows that they need.

        Args:
            table: one of the known tables.
            count: number of rows.
            given: values of columns, the same for all rows.
            fetch: inserts its second argument's rows, in one statement with its first
                argument's rows, because they need each other.

        Raises:
            TestingError: none of the tried values satisfies a condition, or the server
                refuses a row.
        """
        self._planned.clear()
        self._coming.clear()
        self._in_cycle = False
        with self._connection.transaction():
            rows = self._plan(table, count, given)
            needed = [need for row in rows for need in _needs(row) if need not in rows]
            if self._in_cycle:
                return fetch([*dict.fromkeys(needed)], rows)
            for need in dict.fromkeys(needed):
                self._insert_needed(need)
            return fetch([], rows)

    def _insert_needed(self, row: Row) -> None:
        try:
            with RawCursor(self._connection) as cursor:
                cursor.execute(
                    insert_statement(row.table, self._connection).encode(),
                    [row.values[c.name] for c in row.table.insertable],
                )
        except psycopg.Error as error:
            raise TestingError(
                f"the server refuses the row of {row.table.name} that another one"
                f" needs: {error.diag.message_primary}"
            ) from None

    def _plan(
        self, table: Table, count: int, given: Mapping[str, str | None]
    ) -> list[Row]:
        around = self._planned.get(table.oid)
        rows = self._begun(table, count, given)
        self._planned[table.oid] = rows[0]
        for key in self._by_need(table):
            self._refer(key, rows, given)
        if count > 1:
            self._keep_apart(table, rows, given)
        self._settle(table, rows, given)
        if around is None:
            del self._planned[table.oid]
        else:
            self._planned[table.oid] = around
        return rows

    def _begun(
        self, table: Table, count: int, given: Mapping[str, str | None]
    ) -> list[Row]:
        """Return rows with their defaults and natural values."""
        rows = []
        natural = [
            (column, self._texts(table, column))
            for column in table.insertable
            if column.name not in given and self._is_natural(column)
        ]
        for _ in range(count):
            self._number += 1
            values = Values(self._random, self._number)
            row = Row(
                table=table,
                values={c.name: given.get(c.name) for c in table.insertable},
                fixed=set(given),
                number=self._number,
            )
            for column, texts in natural:
                found = values.natural(column, texts)
                if found is None:
                    raise TestingError(
                        f"reposgen cannot make a value of type {column.sql}: give"
                        f" {table.name}.{column.name} a value"
                    )
                row.values[column.name] = found
            rows.append(row)
        self._fill_defaults(table, rows)
        self._coming.setdefault(table.oid, []).extend(rows)
        return rows

    @staticmethod
    def _is_natural(column: Column) -> bool:
        """Return True if the first choice is a value, not NULL or a DEFAULT."""
        if column.default is not None:
            return column.default in _UUIDS or column.default.endswith(
                "uuid_generate_v4()"
            )
        return column.not_null

    def _fill_defaults(self, table: Table, rows: Sequence[Row]) -> None:
        missing = [
            c
            for c in table.insertable
            if c.default is not None
            and c.name not in rows[0].fixed
            and not self._is_natural(c)
        ]
        if not missing:
            return
        selected = ", ".join(f"(({c.default})::{c.base_sql})::text" for c in missing)
        found = self._connection.execute(
            f"SELECT {selected} FROM generate_series(1, {len(rows)})".encode()
        ).fetchall()
        for row, values in zip(rows, found, strict=True):
            row.values |= dict(zip((c.name for c in missing), values, strict=True))

    def _by_need(self, table: Table) -> list[ForeignKey]:
        """Return the foreign keys that a row must fill, self-references last."""
        names = {c.name: c for c in table.columns}
        return sorted(
            (
                key
                for key in table.foreign_keys
                if key.target in self._tables
                and all(not names[c].generated for c in key.columns)
            ),
            key=lambda key: (key.target == table.oid, -len(key.columns)),
        )

    def _refer(
        self, key: ForeignKey, rows: Sequence[Row], given: Mapping[str, str | None]
    ) -> None:
        """Make all rows refer to the same row of another table."""
        if all(name in given for name in key.columns):
            return
        row = rows[0]
        columns = {c.name: c for c in row.table.columns}
        required = [columns[name] for name in key.columns]
        # With one NULL, nothing is asked of the others.
        if any(row.values[c.name] is None and not c.not_null for c in required):
            return
        self._point(key, rows)

    def _point(
        self, key: ForeignKey, rows: Sequence[Row], *, apart: bool = False
    ) -> None:
        """Create what a foreign key refers to: one row for all, or one row for each."""
        target = self._tables[key.target]
        around = self._planned.get(key.target)
        pairs = [*zip(key.columns, key.target_columns, strict=True)]
        if around is not None and not apart:
            # The row itself, or one that is being planned because of it.
            several = rows if rows[0] is around else [around] * len(rows)
            self._in_cycle = self._in_cycle or rows[0] is not around
        else:
            fixed = {
                there: rows[0].values[here]
                for here, there in pairs
                if here in rows[0].fixed
                or self._has_meaningful_default(rows[0].table, here)
            }
            identified = _identify(target, fixed)
            there_already = self._existing(target, fixed) if identified else None
            if there_already is not None:
                for row in rows:
                    row.values |= {here: there_already[there] for here, there in pairs}
                    row.fixed |= {here for here, _ in pairs}
                return
            if identified and (met := self._met(target, fixed)):
                several = [met] * len(rows)
            else:
                made = self._plan(target, len(rows) if apart else 1, fixed)
                several = made if apart else made * len(rows)
        for row, other in zip(rows, several, strict=True):
            for here, there in pairs:
                if here in row.fixed and row.values[here] is not None:
                    other.values[there] = row.values[here]
                row.values[here] = other.values[there]
                row.fixed.add(here)
                other.fixed.add(there)
            if other is not row:
                row.needs[key.name] = other

    @staticmethod
    def _has_meaningful_default(table: Table, name: str) -> bool:
        column = next(c for c in table.columns if c.name == name)
        return column.default is not None and not column.identity

    def _existing(
        self, target: Table, fixed: Mapping[str, str | None]
    ) -> dict[str, str | None] | None:
        """Return the existing row of the table with these values, or None."""
        columns = {c.name: c for c in target.columns}
        test = sql.SQL(" AND ").join(
            sql.SQL("{} = {}::{}").format(
                sql.Identifier(name), value, sql.SQL(columns[name].base_sql)
            )
            for name, value in fixed.items()
        )
        query = sql.SQL("SELECT {} FROM {} WHERE {}").format(
            sql.SQL(", ").join(
                sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns
            ),
            sql.Identifier(target.schema, target.name),
            test,
        )
        row = self._connection.execute(query).fetchone()
        return None if row is None else dict(zip(columns, row, strict=True))

    def _met(self, target: Table, fixed: Mapping[str, str | None]) -> Row | None:
        """Return the planned row with these values, or None."""
        return next(
            (
                row
                for row in self._coming.get(target.oid, ())
                if all(row.values[name] == value for name, value in fixed.items())
            ),
            None,
        )

    def _keep_apart(
        self, table: Table, rows: Sequence[Row], given: Mapping[str, str | None]
    ) -> None:
        """Make rows that would conflict in a unique key refer to different rows."""
        first, second = rows[:2]
        for key in table.keys:
            names = table.mentioned(" ".join(key.expressions))
            if any(
                first.values.get(name) is None
                or first.values[name] != second.values.get(name)
                for name in names
            ):
                continue
            reference = next(
                (
                    one
                    for one in reversed(self._by_need(table))
                    if names & {*one.columns} - {*given} and one.target != table.oid
                ),
                None,
            )
            if reference is not None:
                shared = {
                    name
                    for other in table.foreign_keys
                    if other is not reference
                    for name in other.columns
                }
                for row in rows:
                    row.fixed -= {*reference.columns} - shared - {*given}
                    row.needs.pop(reference.name, None)
                self._point(reference, rows, apart=True)

    def _settle(
        self, table: Table, rows: Sequence[Row], given: Mapping[str, str | None]
    ) -> None:
        """Change values until the rows satisfy the conditions of the table."""
        conditions = self._of(table)
        self._apply(table, rows, self._forms.get(table.oid, {}))
        first, *others = rows
        failing = unmet(self._connection, table, conditions, rows_of(rows))
        if failing[0]:
            self._search(table, first, failing[0], given)
        for row, before in zip(others, failing[1:], strict=True):
            if not before:
                continue
            # What helped another row helps this one, as a rule.
            self._apply(table, [row], self._forms.get(table.oid, {}))
            (wrong,) = unmet(self._connection, table, conditions, rows_of([row]))
            if wrong:
                self._search(table, row, wrong, given)

    def _search(
        self,
        table: Table,
        row: Row,
        wrong: Sequence[Condition],
        given: Mapping[str, str | None],
    ) -> None:
        for group in groups(self._of(table)):
            if not any(condition in wrong for condition in group):
                continue
            names = {name for c in group for name in c.columns}
            options = self._options(table, row, names)
            found = choose(self._connection, table, group, _values(options))
            if found is None and self._fill_references(table, row, names, given):
                options = self._options(table, row, names)
                found = choose(self._connection, table, group, _values(options))
            if found is None:
                raise self._unsolved(table, row, group, _values(options))
            for name, place in found.items():
                form, row.values[name] = options[name][place]
                if name not in row.fixed:
                    self._forms.setdefault(table.oid, {})[name] = form

    def _fill_references(
        self, table: Table, row: Row, names: set[str], given: Mapping[str, str | None]
    ) -> bool:
        """Fill optional foreign keys of the row."""
        filled = False
        for key in self._by_need(table):
            columns = {*key.columns}
            if columns & names and any(
                row.values[c] is None and c not in given for c in columns
            ):
                before = {c: row.values[c] for c in columns}
                self._point(key, [row])
                # NULL remains a candidate.
                row.fixed -= {c for c, value in before.items() if value is None}
                filled = True
        return filled

    def _options(
        self, table: Table, row: Row, names: set[str]
    ) -> dict[str, list[tuple[int, str | None]]]:
        """Return the possible values of columns, each with its form."""
        found: dict[str, list[tuple[int, str | None]]] = {}
        free: list[tuple[Column, list[str]]] = []
        references = {n for key in table.foreign_keys for n in key.columns}
        values = Values(self._random, row.number)
        for column in table.insertable:
            if column.name not in names:
                continue
            found[column.name] = [(_AS_IT_IS, row.values[column.name])]
            if column.name in row.fixed:
                continue
            if not column.not_null and row.values[column.name] is not None:
                found[column.name].append((_NULL, None))
            if column.name not in references:
                texts = values.of_column(column, self._texts(table, column))
                free.append((column, texts))
        accepted = valid(self._connection, free)
        for (column, _), several in zip(free, accepted, strict=True):
            seen = {value for _, value in found[column.name]}
            for form, text in enumerate(several):
                if text is not None and text not in seen:
                    seen.add(text)
                    found[column.name].append((form, text))
        return found

    def _apply(
        self, table: Table, rows: Sequence[Row], forms: Mapping[str, int]
    ) -> None:
        """Set the rows' values to these forms."""
        columns = [c for c in table.insertable if forms.get(c.name, -1) != _AS_IT_IS]
        for row in rows:
            values = Values(self._random, row.number)
            for column in columns:
                if column.name in row.fixed:
                    continue
                form = forms[column.name]
                row.values[column.name] = (
                    None
                    if form == _NULL
                    else values.of_column(column, self._texts(table, column))[form]
                )

    def _unsolved(
        self,
        table: Table,
        row: Row,
        group: Sequence[Condition],
        candidates: Mapping[str, Sequence[str | None]],
    ) -> TestingError:
        alone = [
            c for c in group if choose(self._connection, table, [c], candidates) is None
        ]
        lines = [f"reposgen finds no values for a row of {table.name}:"]
        for condition in alone or group:
            free = sorted(condition.columns - row.fixed) or sorted(condition.columns)
            lines.append(
                f"  {condition.name} needs a value for {', '.join(free)}:"
                f" {condition.text}"
            )
        return TestingError("\n".join(lines))

    def _of(self, table: Table) -> tuple[Condition, ...]:
        if table.oid not in self._conditions:
            self._conditions[table.oid] = conditions_of(table, self._connection)
        return self._conditions[table.oid]

    def _texts(self, table: Table, column: Column) -> list[str]:
        texts = [c.text for c in self._of(table) if column.name in c.columns]
        return [*texts, *(text for _, text in column.domain_checks)]


def _values(
    options: Mapping[str, Sequence[tuple[int, str | None]]],
) -> dict[str, list[str | None]]:
    return {name: [value for _, value in several] for name, several in options.items()}


def rows_of(rows: Sequence[Row]) -> list[dict[str, str | None]]:
    """Return the values of rows."""
    return [row.values for row in rows]


def _identify(table: Table, names: Iterable[str]) -> bool:
    """Return True if values of these columns identify at most one row."""
    known = {*names}
    return any(
        key.predicate is None
        and {*key.operators} == {"="}
        and table.mentioned(" ".join(key.expressions)) <= known
        for key in table.keys
    )


def _needs(row: Row) -> list[Row]:
    """Return all rows that a row needs, each after the rows that it needs itself."""
    found: dict[Row, None] = {}

    def visit(one: Row, path: frozenset[int]) -> None:
        for need in one.needs.values():
            if need not in found and id(need) not in path:
                visit(need, path | {id(need)})
                found[need] = None

    visit(row, frozenset({id(row)}))
    return [one for one in found if one is not row]


def insert_statement(
    table: Table,
    connection: psycopg.Connection[Any],
    returning: str = "",
    first: int = 1,
) -> str:
    """Return an INSERT of one row that takes all values as text.

    Args:
        table: the table to insert into.
        connection: connection for quoting.
        returning: SQL after RETURNING.
        first: number of the first parameter.
    """
    columns = table.insertable
    name = sql.Identifier(table.schema, table.name).as_string(connection)
    tail = f" RETURNING {returning}" if returning else ""
    if not columns:
        return f"INSERT INTO {name} DEFAULT VALUES{tail}"
    named = ", ".join(sql.Identifier(c.name).as_string(connection) for c in columns)
    values = ", ".join(
        f"(${number}::text)::{column.sql}"
        for number, column in enumerate(columns, start=first)
    )
    return (
        f"INSERT INTO {name} ({named}) OVERRIDING SYSTEM VALUE VALUES ({values}){tail}"
    )


def together(
    needed: Sequence[Row],
    rows: Sequence[Row],
    connection: psycopg.Connection[Any],
    returning: str,
) -> tuple[str, list[str | None]]:
    """Return one statement that inserts rows which need each other, and its values.

    Foreign keys are checked at the end of the statement.
    """
    values: list[str | None] = []
    parts = []
    for number, row in enumerate((*needed, *rows)):
        given = returning if row in rows else ""
        text = insert_statement(row.table, connection, given, len(values) + 1)
        parts.append(f"i{number} AS ({text})")
        values += [row.values[c.name] for c in row.table.insertable]
    results = " UNION ALL ".join(
        f"SELECT {returning} FROM i{number}"
        for number in range(len(needed), len(needed) + len(rows))
    )
    return f"WITH {', '.join(parts)} {results}", values


def stage(
    table: Table,
    connection: psycopg.Connection[Any],
    rows: Sequence[Row],
    returning: str = "",
) -> str:
    """COPY rows into a temporary table, and return the INSERT that reads them."""
    columns = table.insertable
    name = sql.Identifier(table.schema, table.name).as_string(connection)
    tail = f" RETURNING {returning}" if returning else ""
    if not columns:
        return f"INSERT INTO {name} SELECT FROM generate_series(1, {len(rows)}){tail}"
    listed = ", ".join(f"c{i} text" for i in range(len(columns)))
    connection.execute(
        f"DROP TABLE IF EXISTS pg_temp.{_STAGE};"
        f" CREATE TEMPORARY TABLE {_STAGE} (number integer, {listed})".encode()
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {_STAGE} FROM STDIN".encode()) as copy,
    ):
        for number, row in enumerate(rows):
            copy.write_row([number, *(row.values[c.name] for c in columns)])
    named = ", ".join(sql.Identifier(c.name).as_string(connection) for c in columns)
    values = ", ".join(f"c{i}::{c.sql}" for i, c in enumerate(columns))
    return (
        f"INSERT INTO {name} ({named}) OVERRIDING SYSTEM VALUE"
        f" SELECT {values} FROM {_STAGE} ORDER BY number{tail}"
    )
