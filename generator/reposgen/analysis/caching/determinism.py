"""Check that a read returns the same rows as long as its tables stay the same."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reposgen.analysis.variants.steadiness import depends_on_settings_alone, moving_time
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression
from reposgen.live_schema.tree.model import RangeTableEntry, RteKind
from reposgen.live_schema.tree.walk import walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reposgen.analysis.nullability import Definitions
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, Relation
    from reposgen.live_schema.tree.model import Query

_TABLEOID = -6
_LENGTH_WORD = 4
_STORED = frozenset(
    {
        RelationKind.TABLE,
        RelationKind.PARTITIONED_TABLE,
        RelationKind.MATERIALIZED_VIEW,
    }
)
_SELECT = frozenset({"r", "*"})

_HINT_TIME = "pass the time as a parameter, or remove the line"
_HINT_FUNCTION = "pass its result as a parameter, or remove the line"
_REMOVE = "remove the line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Varying:
    """Reason why the result of a read depends on more than its tables.

    Attributes:
        reason: a full sentence without its period, as in "the query calls f()".
        hint: how to fix it.
    """

    reason: str
    hint: str


class Determinism:
    """Walker that follows everything that a read calls.

    Attributes:
        bodies: the trees of the SQL functions that the read calls, in order.
        followed: the names of these functions, as `Lineage.unknown_reads` spells them.
    """

    def __init__(
        self,
        catalog: Catalog,
        functions: BuiltinFunctions,
        definitions: Definitions,
        tenant: str | None,
        text: str | None,
    ) -> None:
        """Create a walker that has not followed anything yet.

        Args:
            catalog: catalog of the database.
            functions: the built-in functions of the server's major version.
            definitions: the definitions of the SQL functions.
            tenant: the setting that is part of each cached value's key; None without
                tenants.
            text: text of the statement; None if locations in its tree are not offsets
                into it.
        """
        self.bodies: list[Query] = []
        self.followed: set[str] = set()
        self._catalog = catalog
        self._functions = functions
        self._definitions = definitions
        self._tenant = tenant
        self._text = text
        self._seen: set[int] = set()

    def of(self, tree: Query) -> Varying | None:
        """Return the first reason why a statement's result varies, or None."""
        return next(self._of_nodes(tree.nodes, "the query", self._text), None)

    def _of_nodes(
        self, nodes: Iterable[object], who: str, text: str | None = None
    ) -> Iterator[Varying]:
        for node in nodes:
            yield from self._of_node(node, who, text)

    def _of_node(self, node: object, who: str, text: str | None) -> Iterator[Varying]:
        match node:
            case e.Unknown(tag=tag):
                yield Varying(
                    reason=f"{who} has a part of which nothing is known ({tag})",
                    hint=_REMOVE,
                )
            case e.TableSample():
                yield Varying(
                    reason=f"{who} draws a sample by TABLESAMPLE", hint=_REMOVE
                )
            case e.SqlValueFunction() | e.NextValueExpr():
                yield Varying(
                    reason=f"{who} depends on the time or the session", hint=_HINT_TIME
                )
            case e.Var(column=number) if number < 0 and number != _TABLEOID:
                yield Varying(
                    reason=f"{who} reads a system column, which changes by itself",
                    hint="read a column of your own, or remove the line",
                )
            case e.Const() if literal := moving_time(node, text):
                yield Varying(reason=f"{who} depends on {literal}", hint=_HINT_TIME)
            case RangeTableEntry(kind=RteKind.RELATION):
                yield from self._of_table(node)
            case e.FuncExpr() if self._reads_tenant(node):
                pass
            case _:
                if oid := getattr(node, "function", 0):
                    yield from self._of_function(oid, who)

    def _reads_tenant(self, node: e.FuncExpr) -> bool:
        """Return True if a call is `current_setting` of the tenant's setting."""
        known = self._functions.get(node.function)
        if known is None or known.name != "current_setting" or self._tenant is None:
            return False
        name = node.args[0]
        return (
            isinstance(name, e.Const)
            and name.value is not None
            and name.value[_LENGTH_WORD:].decode("utf-8", "replace") == self._tenant
        )

    def _of_function(self, oid: int, who: str) -> Iterator[Varying]:
        builtin = self._functions.get(oid)
        own = self._catalog.functions.get(oid)
        known = builtin or own
        if known is None:
            yield Varying(
                reason=f"{who} calls a function of which nothing is known",
                hint=_REMOVE,
            )
        elif known.volatility == "v":
            yield Varying(
                reason=f"{who} calls {known.name}(), which is volatile",
                hint=_HINT_FUNCTION,
            )
        elif builtin is not None:
            if builtin.volatility == "s" and not depends_on_settings_alone(
                builtin.name
            ):
                yield Varying(
                    reason=f"{who} calls {builtin.name}(), whose result depends on the"
                    " time or the session",
                    hint=_HINT_TIME if builtin.name == "now" else _HINT_FUNCTION,
                )
        elif own is not None and own.volatility == "s" and oid not in self._seen:
            self._seen.add(oid)
            body = self._definitions.bodies.get(oid)
            if body is None:
                yield Varying(
                    reason=f"{who} calls {own.name}(), a stable function that is not"
                    " written in SQL: the tables that it reads are not known",
                    hint="declare it IMMUTABLE if its arguments alone decide about its"
                    " result, or remove the line",
                )
                return
            name = f"{own.qualified_name}()"
            self.bodies.append(body.query)
            self.followed.add(f"function {own.qualified_name}")
            yield from self._of_nodes(body.query.nodes, name)
            for default in body.defaults:
                yield from self._of_nodes(walk(default), name)

    def _of_table(self, entry: RangeTableEntry) -> Iterator[Varying]:
        if entry.relation_kind == RelationKind.VIEW:
            return
        relation = self._catalog.relations.get(entry.relation)
        if relation is None or relation.kind not in _STORED:
            yield Varying(
                reason=f"the query reads {entry.name}, which changes without a write"
                " that reposgen can see",
                hint=_REMOVE,
            )
        elif relation.schema in ("pg_catalog", "information_schema"):
            yield Varying(
                reason=f"the query reads the system table {relation.name}", hint=_REMOVE
            )
        elif relation.row_security:
            yield from self._of_policies(relation)

    def _of_policies(self, relation: Relation) -> Iterator[Varying]:
        who = f"row-level security of {relation.qualified_name}"
        for policy in relation.policies:
            if policy.command in _SELECT and policy.using is not None:
                for varying in self._of_nodes(
                    _nodes(policy.using, self._catalog.major), who
                ):
                    if self._tenant is None:
                        yield Varying(
                            reason=varying.reason,
                            hint='name the setting in codegen.toml, as in tenant = "app'
                            '.tenant_id": the tenant becomes part of the key',
                        )
                    else:
                        yield varying


@cache
def _nodes(text: str, major: int) -> tuple[object, ...]:
    condition = parse_expression(text, major) or e.Unknown(tag="condition")
    return tuple(walk(condition))


def policy_conditions(
    queries: Iterable[Query], catalog: Catalog
) -> Iterator[e.Expression]:
    """Yield the USING conditions of the row-level security of queried tables."""
    named = {
        node.relation
        for query in queries
        for node in query.nodes
        if isinstance(node, RangeTableEntry)
    }
    for oid in sorted(named & catalog.relations.keys()):
        relation = catalog.relations[oid]
        for policy in relation.policies if relation.row_security else ():
            if policy.using is not None:
                condition = parse_expression(policy.using, catalog.major)
                if condition is not None:
                    yield condition
