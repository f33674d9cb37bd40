"""Check that a row's key is the same on every page.

Pages are read by separate statements, at different times and with different plans. A
key can depend on the contents of tables, and on the session's settings, which all
sessions are expected to share. It must not depend on the time, on random values or on
the order in which the server reads rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.cardinality import has_total_order
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import Query, RangeTableRef, RteKind
from reposgen.live_schema.tree.walk import walk, walk_level
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog
    from reposgen.live_schema.tree.model import RangeTableEntry, SetOperation

# Stable functions that depend only on settings such as TimeZone.
_BY_SETTINGS = frozenset(
    {
        *("anytextcat", "array_to_json", "array_to_string", "cash_in"),
        *("cash_out", "concat", "concat_ws", "convert", "convert_from"),
        *("convert_to", "date", "date_add", "date_part", "date_subtract"),
        *("date_trunc", "enum_first", "enum_last", "enum_range", "extract"),
        *("format", "generate_series", "interval_pl_timestamptz"),
        *("json_build_array", "json_build_object", "json_to_tsvector"),
        *("jsonb_build_array", "jsonb_build_object", "jsonb_path_exists_tz"),
        *("jsonb_path_match_tz", "jsonb_path_query_array_tz"),
        *("jsonb_path_query_first_tz", "jsonb_path_query_tz"),
        *("jsonb_to_tsvector", "length", "make_timestamptz", "money"),
        *("numeric", "overlaps", "phraseto_tsquery", "plainto_tsquery"),
        *("quote_literal", "quote_nullable", "row_to_json", "textanycat"),
        *("time", "timestamp", "timestamptz", "timestamptz_mi_interval"),
        *("timestamptz_pl_interval", "timetz", "timezone", "to_char"),
        *("to_date", "to_json", "to_jsonb", "to_number", "to_timestamp"),
        *("to_tsquery", "to_tsvector", "ts_headline", "websearch_to_tsquery"),
    }
)
_COMPARES_TIMES = ("date_", "timestamp_", "timestamptz_")
# Aggregates whose result does not depend on the order of the rows.
_AGGREGATES = frozenset(
    {
        *("any_all", "avg", "bit_and", "bit_or", "bit_xor", "bool_and"),
        *("bool_or", "corr", "count", "covar_pop", "covar_samp", "cume_dist"),
        *("dense_rank", "every", "jsonb_object_agg_unique"),
        *("jsonb_object_agg_unique_strict", "max", "min", "percent_rank"),
        *("percentile_cont", "percentile_disc", "range_agg"),
        *("range_intersect_agg", "rank", "regr_avgx", "regr_avgy"),
        *("regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx"),
        *("regr_sxy", "regr_syy", "stddev", "stddev_pop", "stddev_samp", "sum"),
        *("var_pop", "var_samp", "variance"),
    }
)
# Aggregates that add values: for floats, the last bits depend on the order.
_ADDING = frozenset(
    {
        *("avg", "corr", "covar_pop", "covar_samp", "regr_avgx", "regr_avgy"),
        *("regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy"),
        *("regr_syy", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop"),
        *("var_samp", "variance"),
    }
)
_FLOATS = frozenset({700, 701})
# Window functions that return the same value for all peers of a row.
_PEERS_ALIKE = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})
_ROWS_FRAME = 0x00004  # FRAMEOPTION_ROWS
_TIMES = frozenset({1082, 1083, 1114, 1184, 1266})
_MOVING = ("now", "today", "tomorrow", "yesterday")

_HINT_TIME = "order by the column itself, or give the time as a parameter"
_HINT_CHANCE = "order by a column, where each row's value stays what it is"
_HINT_FUNCTION = (
    "declare the function IMMUTABLE if its arguments alone decide about its result, or"
    " keep the result in a column"
)
_HINT_FLOATS = "cast what is added to numeric"
_HINT_AGGREGATE = "order by something else, such as a count or a minimum"
_HINT_WINDOW = "end the window's ORDER BY with the columns of a unique key"
_HINT_ROWS = "end its ORDER BY with the columns of a unique key"


def depends_on_settings_alone(name: str) -> bool:
    """Return True if a stable built-in function depends only on settings.

    An example is TimeZone, which all sessions are expected to share.
    """
    return name in _BY_SETTINGS or name.startswith(_COMPARES_TIMES)


def moving_time(node: e.Const, text: str | None) -> str:
    """Return the text of a literal such as `'now'`; empty for other constants.

    Args:
        node: the constant.
        text: text of the statement; None if locations in the tree are not offsets into
            it.
    """
    place = node.location
    if node.type not in _TIMES or text is None or place < 0:
        return ""
    if text[place : place + 1] != "'":
        return ""
    literal = text[place : text.find("'", place + 1) + 1].lower()
    return literal if any(word in literal for word in _MOVING) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsteady:
    """Reason why a key, or the rows themselves, can differ on the next page.

    Attributes:
        reason: for a key, the dependency, phrased to follow "which "; for rows, a
            clause.
        hint: how to fix it.
    """

    reason: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """Checker of the keys of one statement.

    Attributes:
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        text: text of the statement; None if locations in the tree are not offsets into
            it.
    """

    catalog: Catalog
    functions: BuiltinFunctions
    text: str | None

    def key(self, query: Query, index: int) -> Unsteady | None:
        """Return why a result column can change from page to page, or None."""
        number = query.results[index].number
        return next(self._of_column(query, (), number, frozenset()), None)

    def rows(self, query: Query) -> Unsteady | None:
        """Return why the next page can have other rows without any write, or None."""
        return next(self._of_rows(query, ()), None)

    def _of_rows(self, query: Query, around: tuple[Query, ...]) -> Iterator[Unsteady]:
        inner = (query, *around)
        for entry in query.range_table:
            for node in entry.other:
                if isinstance(node, e.TableSample) and not node.repeatable:
                    yield Unsteady(
                        reason=f"TABLESAMPLE draws other rows of {entry.name} each"
                        " time",
                        hint="add REPEATABLE (…)",
                    )
            if entry.subquery is not None and not entry.lateral:
                yield from self._of_inner_rows(entry.subquery, inner)
        for cte in query.ctes:
            yield from self._of_inner_rows(cte.query, inner)
        for part in (*walk_level(query.join_tree), *walk_level(query.having)):
            match part:
                case e.SubLink(kind=e.SubLinkType.EXISTS):
                    yield from self._of_rows(part.query, inner)
                case e.SubLink():
                    yield from self._of_inner_rows(part.query, inner)
                case _:
                    yield from self._of_chance(part)

    def _of_chance(self, node: object) -> Iterator[Unsteady]:
        """Yield a reason for a function that selects other rows each time."""
        match node:
            case e.FuncExpr(function=oid) | e.OpExpr(function=oid):
                known = self.functions.get(oid)
            case _:
                return
        # Rows that come and go with time are like rows that are written and deleted.
        if known and known.volatility == "v" and "time" not in known.name:
            yield Unsteady(
                reason=f"the condition calls the volatile {known.name}() each time",
                hint="give what it finds as a parameter, the same for each page",
            )

    def _of_inner_rows(
        self, query: Query, around: tuple[Query, ...]
    ) -> Iterator[Unsteady]:
        limited = query.offset is not None or (
            query.limit is not None and not query.with_ties
        )
        if limited and not _is_constant(query) and not self._is_total(query, around):
            yield Unsteady(
                reason="LIMIT in a subquery takes any of the rows that ORDER BY leaves"
                " alike there",
                hint=_HINT_ROWS,
            )
        yield from self._of_rows(query, around)

    def _of_column(
        self,
        query: Query,
        around: tuple[Query, ...],
        number: int,
        seen: frozenset[int],
    ) -> Iterator[Unsteady]:
        """Yield the unsteady dependencies of a column of a query's result."""
        if id(query) in seen:
            return
        seen |= {id(query)}
        if query.set_operations is not None:
            yield from self._of_operation(
                query.set_operations, query, around, number, seen
            )
            return
        target = query.result_numbers.get(number)
        if target is None:
            return
        if query.distinct_on:
            chosen = {clause.group for clause in query.distinct}
            if target.group not in chosen and not self._is_total(query, around):
                yield Unsteady(
                    reason="DISTINCT ON takes from any of the rows that ORDER BY leaves"
                    " alike",
                    hint=_HINT_ROWS,
                )
        elif query.limit is not None and around and not self._is_total(query, around):
            yield Unsteady(
                reason="LIMIT takes from any of the rows that ORDER BY leaves alike",
                hint=_HINT_ROWS,
            )
        yield from self._of_expression(target.expression, (query, *around), seen)

    def _of_operation(
        self,
        side: SetOperation | RangeTableRef,
        query: Query,
        around: tuple[Query, ...],
        number: int,
        seen: frozenset[int],
    ) -> Iterator[Unsteady]:
        if isinstance(side, RangeTableRef):
            subquery = query.entry(side.index).subquery
            if subquery is not None:
                yield from self._of_column(subquery, (query, *around), number, seen)
            return
        for one in (side.left, side.right):
            yield from self._of_operation(one, query, around, number, seen)

    def _of_expression(
        self, node: object, around: tuple[Query, ...], seen: frozenset[int]
    ) -> Iterator[Unsteady]:
        for part in walk_level(node):
            match part:
                case e.Var(index=index, column=column, levels_up=up):
                    if up < len(around):
                        entry = around[up].entry(index)
                        yield from self._of_entry(entry, column, around[up:], seen)
                case e.SubLink(query=query):
                    # The value of a subquery depends on the whole subquery.
                    for target in query.results:
                        yield from self._of_column(query, around, target.number, seen)
                    yield from self._of_whole(query)
                    yield from self._of_inner_rows(query, around)
                case e.Aggref():
                    yield from self._of_aggregate(part.function, part.type)
                    yield from self._of_whole(around[part.levels_up])
                case e.WindowFunc():
                    yield from self._of_window(part, around)
                    yield from self._of_whole(around[0])
                case _:
                    yield from self._of_node(part)

    def _of_whole(self, query: Query) -> Iterator[Unsteady]:
        """Yield the unsteady dependencies of a query's rows, conditions included."""
        for node in walk(replace(query, targets=())):
            if not isinstance(node, e.Aggref | e.WindowFunc):
                yield from self._of_node(node)

    def _of_node(self, node: object) -> Iterator[Unsteady]:
        match node:
            case (
                e.FuncExpr(function=oid)
                | e.OpExpr(function=oid)
                | e.ScalarArrayOpExpr(function=oid)
                | e.DistinctExpr(function=oid)
                | e.NullIfExpr(function=oid)
            ):
                yield from self._of_function(oid)
            case e.SqlValueFunction() | e.NextValueExpr():
                yield Unsteady(
                    reason="depends on the time or the session", hint=_HINT_TIME
                )
            case e.Const() if literal := moving_time(node, self.text):
                yield Unsteady(reason=f"depends on {literal}", hint=_HINT_TIME)
            case _:
                pass

    def _of_function(self, oid: int) -> Iterator[Unsteady]:
        builtin = self.functions.get(oid)
        known = builtin or self.catalog.functions.get(oid)
        if known is None or known.volatility == "i":
            # Functions called by system views can be unknown.
            if known is None:
                yield Unsteady(
                    reason="depends on a function that is not known",
                    hint=_HINT_FUNCTION,
                )
            return
        name = f"{known.name}()"
        if builtin is None:
            kind = "volatile" if known.volatility == "v" else "stable"
            yield Unsteady(
                reason=f"depends on {name}, a {kind} function", hint=_HINT_FUNCTION
            )
        elif known.volatility == "v":
            yield Unsteady(
                reason=f"depends on the volatile {name}",
                hint=_HINT_TIME if "time" in name else _HINT_CHANCE,
            )
        elif not depends_on_settings_alone(known.name):
            yield Unsteady(
                reason=f"depends on the time or the session by {name}",
                hint=_HINT_TIME,
            )

    def _of_aggregate(self, oid: int, type_: int) -> Iterator[Unsteady]:
        builtin = self.functions.get(oid)
        if builtin is not None and builtin.name in _AGGREGATES:
            if builtin.name in _ADDING and type_ in _FLOATS:
                yield Unsteady(
                    reason=f"adds floats by {builtin.name}(), in any order",
                    hint=_HINT_FLOATS,
                )
            return
        known = builtin or self.catalog.functions.get(oid)
        name = f"{known.name}()" if known else "an aggregate that is not known"
        yield Unsteady(
            reason=f"is what {name} makes of rows in any order", hint=_HINT_AGGREGATE
        )

    def _of_window(
        self, node: e.WindowFunc, around: tuple[Query, ...]
    ) -> Iterator[Unsteady]:
        query = around[0]
        window = next(w for w in query.windows if w.reference == node.window)
        builtin = self.functions.get(node.function)
        name = builtin.name if builtin else ""
        if node.aggregate:
            yield from self._of_aggregate(node.function, node.type)
            alike = not window.frame & _ROWS_FRAME
        else:
            alike = name in _PEERS_ALIKE
        order = (*window.partition, *window.order)
        if not alike and not has_total_order(
            query, around[1:], self.catalog, self.functions, order
        ):
            yield Unsteady(
                reason=f"numbers rows in any order where the ORDER BY of {name}()'s"
                " window leaves them alike",
                hint=_HINT_WINDOW,
            )

    def _of_entry(
        self,
        entry: RangeTableEntry,
        column: int,
        around: tuple[Query, ...],
        seen: frozenset[int],
    ) -> Iterator[Unsteady]:
        match entry.kind:
            case RteKind.SUBQUERY if entry.subquery is not None:
                yield from self._of_query(entry.subquery, around, column, seen)
            case RteKind.CTE:
                outside = around[entry.cte_levels_up :]
                for cte in outside[0].ctes if outside else ():
                    if cte.name == entry.cte_name:
                        yield from self._of_query(cte.query, outside, column, seen)
            case _:
                for source in _sources(entry, column):
                    yield from self._of_expression(source, around, seen)

    def _of_query(
        self,
        query: Query,
        around: tuple[Query, ...],
        column: int,
        seen: frozenset[int],
    ) -> Iterator[Unsteady]:
        # Column 0 stands for the whole row.
        numbers = [column] if column > 0 else [t.number for t in query.results]
        for number in numbers:
            yield from self._of_column(query, around, number, seen)

    def _is_total(self, query: Query, around: tuple[Query, ...]) -> bool:
        """Return True if the ORDER BY of a query is unique."""
        order = (*query.distinct, *query.sort) if query.distinct_on else query.sort
        return has_total_order(query, around, self.catalog, self.functions, order)


def _is_constant(query: Query) -> bool:
    """Return True if all rows of a query are equal, as in `EXISTS (SELECT 1 …)`."""
    return query.set_operations is None and not any(
        isinstance(node, e.Var | e.SubLink | e.Aggref) and not _is_outer(node)
        for target in query.results
        for node in walk(target.expression)
    )


def _is_outer(node: object) -> bool:
    return isinstance(node, e.Var) and node.levels_up > 0


def _sources(entry: RangeTableEntry, column: int) -> tuple[object, ...]:
    """Return the expressions that a column of a FROM item is made of."""
    match entry.kind:
        case RteKind.JOIN if column > 0:
            return (entry.join_columns[column - 1],)
        case RteKind.GROUP:
            return (entry.group_expressions[column - 1],)
        case RteKind.FUNCTION:
            return tuple(function.expression for function in entry.functions)
        case RteKind.VALUES:
            return entry.values
        case _:
            return entry.other
