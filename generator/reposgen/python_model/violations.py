"""Exception classes for the constraints that queries can violate."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reposgen.analysis.domains import domains_in
from reposgen.analysis.model import DomainViolation, Violation
from reposgen.live_schema.model import ConstraintKind, DomainType
from reposgen.python_model.model.elements import ConstraintError
from reposgen.python_model.model.pytype import Symbol, runtime
from reposgen.python_model.names import class_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.live_schema.model import Catalog, Constraint, PgType, Relation
    from reposgen.python_model.names import Namespace
    from reposgen.python_model.naming import NamingConfig

BASES = {
    ConstraintKind.PRIMARY_KEY: "AlreadyExists",
    ConstraintKind.UNIQUE: "AlreadyExists",
    ConstraintKind.EXCLUSION: "ExclusionViolated",
    ConstraintKind.FOREIGN_KEY: "ForeignKeyMissing",
    ConstraintKind.CHECK: "CheckFailed",
}
# Queries may read their tables; none writes them.
SYSTEM_SCHEMAS = {"pg_catalog", "information_schema"}


def constraint_errors(
    analysis: Analysis,
    queries: Sequence[TypedQuery],
    naming: NamingConfig,
    namespace: Namespace,
    module: str,
) -> tuple[ConstraintError, ...]:
    """Return one class per constraint that an error of these queries can name.

    These are the constraints of the tables that the queries write, and other
    constraints that can refuse a query. Classes keep their names when queries are added
    or removed.

    Constraints of a partition or an inheriting table that repeat another one share its
    class. So do the constraints that a foreign key to a partitioned table has for each
    partition; the run time asks the server for the original. For NOT NULL the server
    reports only table and column, so the run time raises its own NotNullMissing.
    """
    catalog = analysis.catalog
    named = tuple(_named(catalog))
    shared = Counter((r.schema, c.name) for r, c in named)
    concerned = _Concerned(analysis, queries)
    errors = []

    def add(
        base: str, doc: str, words: str, *keys: tuple[str, str, str], wanted: bool
    ) -> None:
        path = keys[0]
        if path[0] not in catalog.search_path:
            words = f"{path[0]}_{words}"
        candidate = naming.renamed(*path) or f"{class_name(words)}Violation"
        symbol = Symbol(module=module, name=namespace.claim(candidate), generated=True)
        if not wanted:
            return
        errors.append(
            ConstraintError(
                symbol=symbol, base=runtime(base, "runtime.errors"), doc=doc, keys=keys
            )
        )

    for relation, constraint in named:
        words = constraint.name
        if shared[relation.schema, constraint.name] > 1:
            words = f"{relation.name}_{words}"
        add(
            _base(constraint),
            f"{constraint.definition} on {relation.qualified_name}.",
            words,
            (relation.schema, relation.name, constraint.name),
            wanted=concerned.has(relation, constraint),
        )
    domains = _domains(catalog, queries)
    names = Counter(check.name for domain in domains for check in domain.checks)
    for domain in domains:
        for check in domain.checks:
            words = check.name
            if names[check.name] > 1 or shared[domain.schema, check.name]:
                words = f"{domain.name}_{words}"
            add(
                "CheckFailed",
                f"{check.definition} on domain {domain.schema}.{domain.name}.",
                words,
                *(
                    (one.schema, one.name, check.name)
                    for one in (domain, *_built_on(domain, check.name, catalog))
                ),
                wanted=concerned.is_all or domain.oid in concerned.domains,
            )
    return tuple(errors)


class _Concerned:
    """Constraints that can refuse some of the queries.

    Attributes:
        is_all: True if the constraints are unknown, so that any can refuse a query.
        domains: oids of the domains whose checks can refuse a query.
    """

    def __init__(self, analysis: Analysis, queries: Sequence[TypedQuery]) -> None:
        self.is_all = not analysis.trees or any(q.unknown_writes for q in queries)
        self._written = {name for query in queries for name in query.writes}
        raised = [violation for query in queries for violation in query.raises]
        self._raised = {
            (violation.relation.oid, violation.constraint.oid)
            for violation in raised
            if isinstance(violation, Violation)
        }
        used: list[PgType] = [p.type for query in queries for p in query.parameters]
        used += [v.domain for v in raised if isinstance(v, DomainViolation)]
        used += [
            column.type
            for relation in analysis.catalog.relations.values()
            if relation.qualified_name in self._written
            for column in relation.columns
        ]
        self.domains = {domain.oid for domain in _made_of(used)}

    def has(self, relation: Relation, constraint: Constraint) -> bool:
        """Return True if the constraint can refuse a query."""
        return (
            self.is_all
            or relation.qualified_name in self._written
            or (relation.oid, constraint.oid) in self._raised
        )


def _base(constraint: Constraint) -> str:
    # WITHOUT OVERLAPS is kept by an exclusion constraint, whatever it is called.
    kind = constraint.kind
    if constraint.is_period and kind is not ConstraintKind.FOREIGN_KEY:
        kind = ConstraintKind.EXCLUSION
    return BASES[kind]


def _named(catalog: Catalog) -> Iterator[tuple[Relation, Constraint]]:
    own = (r for r in catalog.relations.values() if r.schema not in SYSTEM_SCHEMAS)
    for relation in sorted(own, key=lambda r: (r.schema, r.name)):
        for constraint in sorted(relation.constraints, key=lambda c: c.name):
            _, root = catalog.root(relation, constraint)
            if constraint.kind in BASES and root is constraint:
                yield relation, constraint


def _domains(catalog: Catalog, queries: Iterable[TypedQuery]) -> list[DomainType]:
    """Return the domains of columns, and those that queries make values of."""
    used = [
        column.type
        for relation in catalog.relations.values()
        if relation.schema not in SYSTEM_SCHEMAS
        for column in relation.columns
    ]
    used += [
        violation.domain
        for query in queries
        for violation in query.raises
        if isinstance(violation, DomainViolation)
    ]
    found = {domain.oid: domain for domain in _made_of(used)}
    return sorted(found.values(), key=lambda d: (d.schema, d.name))


def _made_of(types: Iterable[PgType]) -> Iterator[DomainType]:
    """Yield the domains in types, and the domains that these are based on."""
    for type_ in types:
        for domain in domains_in(type_):
            one: PgType = domain
            while isinstance(one, DomainType):
                yield one
                one = one.base


def _built_on(domain: DomainType, check: str, catalog: Catalog) -> Iterator[DomainType]:
    """Yield the domains over a domain, because an error names the outermost one."""
    for type_ in catalog.types.values():
        one = type_
        while isinstance(one, DomainType) and one.oid != domain.oid:
            if any(own.name == check for own in one.checks):
                break
            one = one.base
        if (
            isinstance(type_, DomainType)
            and isinstance(one, DomainType)
            and one.oid == domain.oid != type_.oid
        ):
            yield type_
