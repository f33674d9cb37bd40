"""Which queries keep to one tenant, and so to one shard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.agreement import bare, equalities, same_without_casts
from reposgen.analysis.model import OptionalKind, PieceRole
from reposgen.contracts.cascades import cascade_omissions, distribution_obstacles
from reposgen.contracts.model import Routing, Tenancy, TenantVerdict
from reposgen.contracts.places import place_of
from reposgen.contracts.restrictions import Prover
from reposgen.contracts.tenant_rules import Omission, Rules
from reposgen.contracts.tenant_terms import ParameterTenant, SettingTenant, tenant_of
from reposgen.diagnostics import did_you_mean, error, sorted_diagnostics, warning
from reposgen.live_schema.model import Described, RelationKind, Statement
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_body, parse_expression, parse_trees
from reposgen.live_schema.tree.model import CommandType, RteKind
from reposgen.live_schema.tree.model import Query as Tree
from reposgen.live_schema.tree.walk import conjuncts
from reposgen.models import dataclass
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.config.model import PackageConfig, TenantConfig
    from reposgen.contracts.tenant_terms import Tenant
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Catalog, Description, Function, Relation
    from reposgen.live_schema.tree.model import RangeTableEntry

    Describe = Callable[[Sequence[Statement]], tuple[Description, ...]]
    ReadFunctions = Callable[[Sequence[Function]], Mapping[int, str]]

_TABLES = frozenset(
    {
        RelationKind.TABLE,
        RelationKind.PARTITIONED_TABLE,
        RelationKind.MATERIALIZED_VIEW,
        RelationKind.FOREIGN_TABLE,
    }
)
# `pg_policy.polcmd` of policies that decide which rows a statement sees.
_READING = frozenset({"*", "r", "w", "d"})
_SET_CONFIG = 2078  # oid of the function: it can change the tenant on the way
_FUNCTION, _TRIGGER = "function ", "trigger "
_UNTOLD = Omission(message="the server does not send its query tree")
_PURE = "declare it IMMUTABLE if it reads no table"
_WORD = "across-tenants"
_WAIVER = f"-- @{_WORD}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bodies:
    """The last statements of the functions in SQL, by oid; None where unreadable."""

    trees: Mapping[int, Tree | None]

    def named(self, name: str, catalog: Catalog) -> Mapping[int, Tree | None]:
        """Return the bodies of all functions with a qualified name."""
        return {
            function.oid: self.trees.get(function.oid)
            for function in catalog.functions.values()
            if function.qualified_name == name
        }


def judge_tenants(
    analysis: Analysis,
    options: PackageConfig,
    describe: Describe,
    read_functions: ReadFunctions,
) -> Tenancy | None:
    """Judge whether the queries of a package keep to one tenant each.

    Args:
        analysis: of the package.
        options: of the package.
        describe: has the server describe statements.
        read_functions: has the server analyse the bodies of functions.

    Returns:
        None if the package names no column that tells tenants apart.
    """
    column = options.tenant.column
    if column is None:
        return None
    catalog = analysis.catalog
    bodies = _read_bodies(catalog, read_functions)
    rules = _rules(catalog, column, options.tenant, bodies, describe)
    if not rules.columns:
        names = {c.name for r in catalog.relations.values() for c in r.columns}
        close = did_you_mean(column, names)
        missing = error(
            "unknown-tenant-column",
            f'no table has a column "{column}"',
            span=options.place("tenant", "column"),
            hint=f"did you mean {close}?" if close else None,
        )
        return Tenancy(column=column, verdicts=(), schema=(), diagnostics=(missing,))
    queries = [
        query
        for several in analysis.files.values()
        for query in several
        if query.command is not Command.LISTEN
    ]
    texts = [(query, text) for query in queries for text in _variants(query)]
    described = describe([_statement(query, text) for query, text in texts])
    trees: dict[int, list[tuple[Tree, ...]]] = {}
    for (query, text), description in zip(texts, described, strict=True):
        tree = description.tree if isinstance(description, Described) else None
        found = parse_trees(tree, catalog.major, text) if tree else ()
        trees.setdefault(id(query), []).append(found)
    verdicts: list[TenantVerdict] = []
    diagnostics: list[Diagnostic] = []
    for query in queries:
        verdict, omissions = _judge(query, trees[id(query)], rules, bodies)
        verdicts.append(verdict)
        diagnostics += _diagnostics(query, verdict, omissions)
    return Tenancy(
        column=column,
        verdicts=tuple(verdicts),
        schema=tuple(sorted(distribution_obstacles(rules))),
        diagnostics=sorted_diagnostics(diagnostics),
    )


def _rules(
    catalog: Catalog,
    column: str,
    tenant: TenantConfig,
    bodies: _Bodies,
    describe: Describe,
) -> Rules:
    columns = {
        relation.oid: one.number
        for relation in catalog.relations.values()
        if relation.kind in _TABLES
        for one in relation.columns
        if one.name == column
    }
    views = [r for r in catalog.relations.values() if r.view_definition is not None]
    definitions = describe([Statement(sql=v.view_definition or "") for v in views])
    reads: dict[int, frozenset[int]] = {}
    for view, found in zip(views, definitions, strict=True):
        tree = found.tree if isinstance(found, Described) else None
        reads[view.oid] = frozenset(
            entry.relation
            for query in (parse_trees(tree, catalog.major) if tree else ())
            for entry in _entries(query)
        )
    accessors = frozenset(_accessors(bodies, tenant.setting))
    return Rules(
        catalog=catalog,
        column=column,
        columns=columns,
        setting=tenant.setting,
        accessors=accessors,
        foreign=_foreign_relations(catalog, columns, reads),
        secured=_secured(catalog, columns, tenant, accessors)
        if tenant.row_security
        else frozenset(),
    )


def _secured(
    catalog: Catalog,
    columns: Mapping[int, int],
    tenant: TenantConfig,
    accessors: frozenset[int],
) -> frozenset[int]:
    """Return the tables all of whose policies compare the column with the setting."""
    return frozenset(
        oid
        for oid, number in columns.items()
        if (relation := catalog.relations[oid]).row_security and relation.policies
        if all(
            policy.using is None
            or _compares(policy.using, number, tenant.setting, accessors, catalog)
            for policy in relation.policies
            if policy.command in _READING
        )
    )


def _compares(
    using: str,
    number: int,
    setting: str | None,
    accessors: frozenset[int],
    catalog: Catalog,
) -> bool:
    """Return True if a policy's condition compares the column with the setting."""
    for part in conjuncts(parse_expression(using, catalog.major)):
        if isinstance(part, e.OpExpr) and _is_equality(part, catalog):
            columns = [bare(arg) for arg in part.args]
            if any(
                isinstance(one, e.Var) and one.column == number for one in columns
            ) and any(
                isinstance(tenant_of(one, setting, accessors), SettingTenant)
                for one in columns
            ):
                return True
    return False


def _is_equality(node: e.OpExpr, catalog: Catalog) -> bool:
    found = equalities(catalog, node.operator, node.input_collation)
    families = [family for family, _ in found]
    return bool(families) and same_without_casts(families, node.args)


def _accessors(bodies: _Bodies, setting: str | None) -> Iterator[int]:
    """Yield the functions that do nothing but return the setting."""
    for oid, tree in bodies.trees.items():
        if (
            tree is not None
            and tree.command is CommandType.SELECT
            and len(tree.results) == 1
            and not (
                tree.join_tree and (tree.join_tree.items or tree.join_tree.condition)
            )
            and tree.limit is None
            and tree.offset is None
            and isinstance(
                tenant_of(tree.results[0].expression, setting, ()), SettingTenant
            )
        ):
            yield oid


def _read_bodies(catalog: Catalog, read_functions: ReadFunctions) -> _Bodies:
    functions = [f for f in catalog.functions.values() if f.body is not None]
    texts = read_functions(functions) if functions else {}
    return _Bodies(
        trees={
            f.oid: parse_body(texts[f.oid], catalog.major) if f.oid in texts else None
            for f in functions
        }
    )


def _variants(query: TypedQuery) -> Iterator[str]:
    """Yield the texts that prove something of every call.

    A condition that is added drops rows, and so keeps what is proved without it. So it
    is enough to look at the least that a call sends, and at that with each optional
    part on its own.
    """
    given = [frozenset[int]()]
    given += [frozenset(piece.when) for piece in query.pieces if piece.when]
    # Something must be SET: an UPDATE with all parts left out is never sent.
    needed = any(piece.role is PieceRole.REQUIRE_ANY for piece in query.pieces)
    sets = {p.number for p in query.parameters if p.optional is OptionalKind.SET}
    chosen = [one for one in given if not needed or one & sets]
    if needed:
        chosen += [one | {number} for one in given if not one & sets for number in sets]
    for numbers in dict.fromkeys(chosen):
        yield "".join(
            piece.sql
            for piece in query.pieces
            if piece.role is not PieceRole.REQUIRE_ANY
            and numbers.issuperset(piece.when)
            and (not piece.any_of or any(numbers.issuperset(o) for o in piece.any_of))
        )


def _statement(query: TypedQuery, text: str) -> Statement:
    oids = {parameter.number: parameter.type.oid for parameter in query.parameters}
    return Statement(
        sql=text,
        parameter_oids=tuple(
            oids.get(number, 0) for number in range(1, max(oids, default=0) + 1)
        ),
    )


def _judge(
    query: TypedQuery,
    variants: Sequence[tuple[Tree, ...]],
    rules: Rules,
    bodies: _Bodies,
) -> tuple[TenantVerdict, list[Omission]]:
    best: list[Omission] | None = None
    tenant: Tenant | None = None
    tables: set[int] = set()
    for candidate in _candidates(query, variants, rules):
        omissions, tables = _prove(query, variants, rules, bodies, candidate)
        if best is None or len(omissions) < len(best):
            best, tenant = omissions, candidate
        if not omissions:
            break
    best = best or []
    relations = rules.catalog.relations
    touched = {o for o in tables if o in relations}
    others = sorted(
        relations[oid].qualified_name for oid in touched if oid not in rules.columns
    )
    owned = touched & rules.columns.keys()
    if best:
        routing = Routing.CROSSES
    elif not owned:
        routing = Routing.ANYWHERE
    else:
        routing = Routing.REFERENCE if others else Routing.SHARD
    return (
        TenantVerdict(
            file=query.query.source.path,
            query=query.name,
            proved=not best,
            routing=routing,
            tenant=_tenant_name(query, tenant) if owned and not best else None,
            waiver=query.across_tenants,
            others=tuple(others),
            triggers=tuple(
                one.removeprefix(_TRIGGER)
                for one in query.unknown_writes
                if one.startswith(_TRIGGER)
            ),
        ),
        best,
    )


def _candidates(
    query: TypedQuery, variants: Sequence[tuple[Tree, ...]], rules: Rules
) -> list[Tenant | None]:
    """Return what may name the tenant, the likeliest first."""
    names = {p.number: p.name for p in query.parameters}
    found: dict[Tenant, None] = {}
    for trees in variants:
        for tree in trees:
            for node in tree.nodes:
                if isinstance(node, e.Param | e.FuncExpr | e.NullIfExpr | e.Coerce):
                    one = tenant_of(node, rules.setting, rules.accessors)
                    if one is not None:
                        found[one] = None
    named = [t for t in found if _is_named(t, names, rules.column)]
    compared = [
        t
        for t in found
        if isinstance(t, ParameterTenant)
        and t not in named
        and _is_compared(query, t, rules)
    ]
    setting: list[Tenant | None] = [t for t in found if isinstance(t, SettingTenant)]
    if rules.setting is not None and not setting:
        # A function that it calls may read the setting.
        setting = [SettingTenant(rules.setting)]
    return [*named, *setting, *compared] or [None]


def _is_named(tenant: Tenant, names: Mapping[int, str], column: str) -> bool:
    return isinstance(tenant, ParameterTenant) and names.get(tenant.number) == column


def _is_compared(query: TypedQuery, tenant: Tenant, rules: Rules) -> bool:
    return isinstance(tenant, ParameterTenant) and any(
        parameter.number == tenant.number
        and parameter.column is not None
        and rules.columns.get(parameter.column[0]) == parameter.column[1]
        for parameter in query.parameters
    )


def _tenant_name(query: TypedQuery, tenant: Tenant | None) -> str | None:
    match tenant:
        case ParameterTenant(number=number):
            names = {p.number: p.name for p in query.parameters}
            return f"@{names.get(number, number)}"
        case SettingTenant(name=name):
            return f"the setting {name}"
        case None:
            return None


def _prove(
    query: TypedQuery,
    variants: Sequence[tuple[Tree, ...]],
    rules: Rules,
    bodies: _Bodies,
    tenant: Tenant | None,
) -> tuple[list[Omission], set[int]]:
    prover = Prover(rules, tenant)
    omissions: dict[Omission, None] = {}
    for trees in variants:
        if not trees:
            omissions[Omission(message="the server does not send its query tree")] = (
                None
            )
        for tree in trees:
            prover.statement(tree)
            if any(getattr(node, "function", 0) == _SET_CONFIG for node in tree.nodes):
                omissions[Omission(message="it calls set_config")] = None
            omissions |= dict.fromkeys(cascade_omissions(tree, rules))
    for name in _functions(query):
        found = bodies.named(name, rules.catalog)
        short = name.rpartition(".")[2]
        for body in found.values() or [None]:
            if body is None or _is_opaque(name, body, rules):
                message = f'nothing is known of what function "{short}" does'
                omission = Omission(
                    message=message, table=short, alias=short, hint=_PURE
                )
                omissions[omission] = None
            else:
                # Its parameters are not those of the statement.
                same = tenant if isinstance(tenant, SettingTenant) else None
                inside = Prover(rules, same)
                inside.body(body, short)
                omissions |= dict.fromkeys(inside.omissions)
                prover.tables |= inside.tables
    omissions = dict.fromkeys(prover.omissions) | omissions
    return [*omissions], prover.tables


def _functions(query: TypedQuery) -> list[str]:
    """Return the qualified names of the functions that may read or write anything."""
    unknown = dict.fromkeys((*query.unknown_reads, *query.unknown_writes))
    return [
        one.removeprefix(_FUNCTION)
        for one in unknown
        if not one.startswith((_TRIGGER, "foreign table "))
    ]


def _is_opaque(name: str, tree: Tree, rules: Rules) -> bool:
    """Return True if a function can do more than its last statement shows."""
    functions = rules.catalog.functions
    if any(f.volatility == "v" for f in functions.values() if f.qualified_name == name):
        return True
    called = {getattr(node, "function", 0) for node in tree.nodes} - rules.accessors
    return any(oid in functions and functions[oid].volatility != "i" for oid in called)


def _foreign_relations(
    catalog: Catalog, columns: Mapping[int, int], reads: Mapping[int, Collection[int]]
) -> frozenset[int]:
    """Return the relations without the column that hold rows of tenants all the same.

    Args:
        catalog: of the database.
        columns: the tenant's column by table.
        reads: the tables that each materialized view is made from.
    """
    found: set[int] = set()

    def holds(relation: Relation) -> bool:
        below = catalog.descendants.get(relation.oid, ())
        if any(one.oid in columns for one in below):
            return True
        return relation.kind is RelationKind.MATERIALIZED_VIEW and any(
            oid in columns or oid in found for oid in reads.get(relation.oid, ())
        )

    grows = True
    while grows:
        new = {
            relation.oid
            for relation in catalog.relations.values()
            if relation.oid not in columns and relation.oid not in found
            if holds(relation)
        }
        found |= new
        grows = bool(new)
    return frozenset(found)


def _entries(tree: Tree) -> Iterator[RangeTableEntry]:
    for node in tree.nodes:
        if isinstance(node, Tree):
            for entry in node.range_table:
                if entry.kind is RteKind.RELATION:
                    yield entry


def _diagnostics(
    query: TypedQuery,
    verdict: TenantVerdict,
    omissions: Sequence[Omission],
) -> Iterator[Diagnostic]:
    if verdict.waiver is not None:
        if not omissions:
            line = next(d for d in query.query.directives if d.word == _WORD)
            yield warning(
                "needless-across-tenants",
                f"{query.name} keeps to one tenant",
                span=line.span,
                hint="remove the line",
            )
        return
    for one in omissions:
        waiver = f"{_WAIVER} and a reason below the name line"
        yield error(
            "tenant-not-proved",
            f"{query.name}: {one.message}",
            span=place_of(query.query, one.table, one.alias),
            hint=f"{one.hint}, or write {waiver}" if one.hint else f"write {waiver}",
        )
