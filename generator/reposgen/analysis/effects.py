"""Proof that a statement only reads, and the functions in it that can do anything.

A function is trusted to be what it is declared to be: a function that is not volatile
writes nothing. Functions that are called implicitly count as well: those behind
aggregates, operators and types, and those in the conditions of policies and domains.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reposgen.analysis.caching.outbox import notes_changes
from reposgen.analysis.domains import checked_domains
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    MultirangeType,
    RangeType,
)
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression
from reposgen.live_schema.tree.clauses import SortGroupClause
from reposgen.live_schema.tree.model import RangeTableEntry, RteKind
from reposgen.live_schema.tree.walk import walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, PgType, Relation

# Objects with lower oids are built in.
_OWN = 16384
_AGGREGATE = "a"
_VIEW = "v"
# Volatile functions that write nothing, take no locks and also run on a standby.
_HARMLESS = frozenset(
    {
        "array_sample",
        "array_shuffle",
        "clock_timestamp",
        "gen_random_uuid",
        "pg_database_size",
        "pg_indexes_size",
        "pg_partition_ancestors",
        "pg_partition_tree",
        "pg_relation_size",
        "pg_sleep",
        "pg_sleep_for",
        "pg_sleep_until",
        "pg_table_size",
        "pg_total_relation_size",
        "random",
        "random_normal",
        "timeofday",
        "uuidv4",
        "uuidv7",
    }
)
# Extensions whose functions are harmless; their trigger functions change only the row.
_HARMLESS_EXTENSIONS = frozenset(
    {
        "insert_username",
        "moddatetime",
        "pgcrypto",
        "tsm_system_rows",
        "tsm_system_time",
        "uuid-ossp",
    }
)
# Functions that are not volatile but need a primary or a read-write transaction.
_NOT_READING = frozenset(
    {"txid_current", "pg_current_xact_id", "pg_walfile_name", "pg_walfile_name_offset"}
)
# Built-in functions that run the SQL in an argument.
_RUNNING_SQL = frozenset(
    {
        "query_to_xml",
        "query_to_xml_and_xmlschema",
        "query_to_xmlschema",
        "ts_rewrite",
        "ts_stat",
    }
)
# Built-in functions that read the tables named in an argument, or all tables.
_READING_TABLES = frozenset(
    f"{what}_to_xml{suffix}"
    for what in ("table", "schema", "database")
    for suffix in ("", "_and_xmlschema")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Effects of the functions that a statement calls.

    Attributes:
        why_not_read_only: the first reason why the statement does not only read; None
            if it only reads.
        reading: names of the functions that can read any table.
        writing: names of the functions that can write any table.
        policies: the conditions of the row-level security policies on queried tables.
    """

    why_not_read_only: str | None
    reading: tuple[str, ...]
    writing: tuple[str, ...]
    policies: tuple[object, ...]


def called(
    nodes: Sequence[object],
    catalog: Catalog,
    functions: BuiltinFunctions,
    written: Iterable[int] = (),
) -> Effects:
    """Return the effects of the functions that nodes call explicitly or implicitly.

    Args:
        nodes: nodes of the statement's trees.
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        written: oids of the tables that are written; their CHECKs call functions too.
    """
    found = _Calls(catalog=catalog, functions=functions)
    found.take(nodes, "it")
    for oid in written:
        found.check(oid)
    return Effects(
        why_not_read_only=found.why,
        reading=tuple(found.reading),
        writing=tuple(found.writing),
        policies=tuple(found.policies),
    )


def is_harmless(trigger: int, catalog: Catalog) -> bool:
    """Return True if a trigger function, by its oid, changes no rows of the user's."""
    # A function that the catalog lacks is built in; such trigger functions are
    # harmless.
    function = catalog.functions.get(trigger)
    return (
        function is None
        or function.extension in _HARMLESS_EXTENSIONS
        or notes_changes(function)
    )


class _Calls:
    """Walker that follows calls and collects their possible effects."""

    def __init__(self, *, catalog: Catalog, functions: BuiltinFunctions) -> None:
        self.why: str | None = None
        self.reading: dict[str, None] = {}
        self.writing: dict[str, None] = {}
        self.policies: list[object] = []
        self._catalog = catalog
        self._functions = functions
        # Kind and oid of the domains, relations and types already followed.
        self._seen: set[tuple[str, int]] = set()

    def take(self, nodes: Iterable[object], who: str) -> None:
        """Follow the calls in nodes.

        Args:
            nodes: nodes of a tree.
            who: where the nodes are from: subject of the reasons.
        """
        several = tuple(nodes)
        for node in several:
            for oid in functions_of(node):
                self._call(oid, who)
                self._hidden(("function", oid), who)
            for oid in _operators_of(node):
                self._hidden(("operator", oid), who)
            for oid in _types_of(node):
                self._type(self._catalog.types.get(oid))
            match node:
                case e.Unknown(tag=tag):
                    self._refuse(f"{who} has a part of which nothing is known ({tag})")
                case RangeTableEntry(kind=RteKind.RELATION):
                    self._relation(self._catalog.relations.get(node.relation))
                case _:
                    pass
        for domain in checked_domains(several, self._catalog, self._functions):
            self._domain(domain)

    def check(self, oid: int) -> None:
        """Follow the calls in the CHECKs of a table and of its descendants."""
        table = self._catalog.relations.get(oid)
        below = self._catalog.descendants.get(oid, ())
        for one in () if table is None else (table, *below):
            for constraint in one.constraints:
                if constraint.check_tree is not None and not constraint.is_steady:
                    nodes = _nodes(constraint.check_tree, self._catalog.major)
                    self.take(nodes, f"a CHECK of {one.qualified_name}")

    def _refuse(self, why: str) -> None:
        self.why = self.why or why

    def _call(self, oid: int, who: str) -> None:
        builtin = self._functions.get(oid)
        own = self._catalog.functions.get(oid)
        if builtin is not None:
            if builtin.name in _NOT_READING:
                self._refuse(f"{who} calls {builtin.name}")
            elif builtin.volatility == "v" and builtin.name not in _HARMLESS:
                self._refuse(f"{who} calls {builtin.name}, which is volatile")
            name = f"function pg_catalog.{builtin.name}"
            if builtin.name in _RUNNING_SQL:
                self.reading[name] = self.writing[name] = None
            elif builtin.name in _READING_TABLES:
                self.reading[name] = None
        elif own is None:
            self._refuse(f"{who} calls a function of which nothing is known")
            self.writing["a function of which nothing is known"] = None
        elif own.extension not in _HARMLESS_EXTENSIONS:
            name = f"function {own.qualified_name}"
            if own.volatility == "v":
                self._refuse(f"{who} calls {own.name}, which is volatile")
                self.writing[name] = None
            if own.volatility != "i" or own.kind == _AGGREGATE:
                self.reading[name] = None

    def _hidden(self, key: tuple[str, int], who: str) -> None:
        for oid in self._catalog.hidden_calls.get(key, ()):
            self._call(oid, who)

    def _is_new(self, kind: str, oid: int) -> bool:
        key = (kind, oid)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _type(self, type_: PgType | None) -> None:
        """Follow the functions that compare, read or print values of a type."""
        if type_ is None or not self._is_new("type", type_.oid):
            return
        self._hidden(("type", type_.oid), f"type {type_.schema}.{type_.name}")
        match type_:
            case ArrayType(element=inner) | RangeType(subtype=inner):
                self._type(inner)
            case DomainType(base=inner) | MultirangeType(range=inner):
                self._type(inner)
            case CompositeType(fields=fields):
                for one in fields:
                    self._type(one.type)
            case _:
                pass

    def _domain(self, domain: DomainType) -> None:
        if not self._is_new("domain", domain.oid):
            return
        name = f"domain {domain.schema}.{domain.name}"
        for check in domain.checks:
            self.take(_nodes(check.tree, self._catalog.major), name)
        if isinstance(domain.base, DomainType):
            self._domain(domain.base)

    def _relation(self, relation: Relation | None) -> None:
        if (
            relation is None
            or not relation.row_security
            or not self._is_new("relation", relation.oid)
        ):
            return
        name = f"row-level security of {relation.qualified_name}"
        for policy in relation.policies:
            for text in (policy.using, policy.check):
                if text is not None:
                    nodes = _nodes(text, self._catalog.major)
                    self.policies.append(nodes[0])
                    self._views(nodes, name)
                    self.take(nodes, name)

    def _views(self, nodes: Iterable[object], who: str) -> None:
        """Add the views that a policy reads: its condition only names them."""
        for node in nodes:
            if isinstance(node, RangeTableEntry) and node.relation_kind == _VIEW:
                self._refuse(f"{who} reads the view {node.name}")
                self.reading[f"view {node.name}"] = None


@cache
def _nodes(text: str, major: int) -> tuple[object, ...]:
    """Return the nodes of a condition in the catalog."""
    condition = parse_expression(text, major) or e.Unknown(tag="condition")
    return tuple(walk(condition))


def functions_of(node: object) -> Iterator[int]:
    """Yield the oids of the functions that a node calls by name or operator."""
    match node:
        case (
            e.FuncExpr(function=oid)
            | e.DistinctExpr(function=oid)
            | e.NullIfExpr(function=oid)
            | e.Aggref(function=oid)
            | e.WindowFunc(function=oid)
        ):
            yield oid
        # The built-in TABLESAMPLE methods only read. The operators of a CYCLE clause
        # have no function in the tree.
        case e.TableSample(function=oid) if oid >= _OWN:
            yield oid
        case (
            e.OpExpr(function=oid, operator=operator)
            | e.ScalarArrayOpExpr(function=oid, operator=operator)
        ) if oid or operator >= _OWN:
            yield oid
        case _:
            return


def _operators_of(node: object) -> Iterator[int]:
    match node:
        case (
            e.OpExpr(operator=oid)
            | e.DistinctExpr(operator=oid)
            | e.NullIfExpr(operator=oid)
            | e.ScalarArrayOpExpr(operator=oid)
        ):
            yield oid
        case e.RowCompareExpr(operators=oids):
            yield from oids
        case SortGroupClause(equality=equality, sort=sort):
            yield equality
            yield sort
        case _:
            return


def _types_of(node: object) -> Iterator[int]:
    type_ = getattr(node, "type", None)
    if type(type_) is int:
        yield type_
    yield from getattr(node, "types", ())
