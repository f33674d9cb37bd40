"""What generated code meets on another schema than it was generated for.

The server of the other schema describes the statements as they were generated, with the
types that they were generated with, so what it refuses there it refuses at run time.
What it cannot tell is compared between the analyses of the same query on both schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from reposgen.analysis.facts import FactKind
from reposgen.analysis.model import (
    Cardinality,
    Column,
    DomainViolation,
    Embed,
    PieceRole,
    Violation,
)
from reposgen.contracts.model import Effect, EffectKind
from reposgen.contracts.unexamined import Functions
from reposgen.diagnostics import Severity
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    ConstraintKind,
    DomainType,
    EnumType,
    Generated,
    RelationKind,
    ServerError,
    Statement,
)
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_trees
from reposgen.live_schema.tree.model import CommandType
from reposgen.live_schema.tree.model import Query as Tree
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Analysis, Refusal, TypedQuery
    from reposgen.contracts.model import Direction
    from reposgen.contracts.unexamined import Sources
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model import (
        Catalog,
        Described,
        Description,
        PgType,
        Relation,
        RelationColumn,
    )

    Describe = Callable[[Sequence[Statement]], tuple[Description, ...]]
    # What is found out of one query.
    Finding = tuple[EffectKind, str, Span]

_ONE = frozenset({Cardinality.ONE, Cardinality.AT_MOST_ONE})
_ONE_ROW = frozenset({Command.ONE, Command.OPT})
_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})
_WRITES = frozenset({CommandType.INSERT, CommandType.UPDATE})


def find_effects(
    own: Analysis,
    other: Analysis,
    describe: Describe,
    direction: Direction,
    sources: tuple[Sources, Sources] = ({}, {}),
) -> tuple[Effect, ...]:
    """Return what becomes of methods on another schema.

    Args:
        own: the queries on the schema that the code is generated for.
        other: the same queries on the other schema.
        describe: has the server describe statements on the other schema.
        direction: what is old and what is new.
        sources: of the functions on both schemas, those of `functions_of`.
    """
    functions = Functions(catalogs=(own.catalog, other.catalog), sources=sources)
    oids = {type_.sql: type_.oid for type_ in other.catalog.types.values()}
    queries = [
        (path, query)
        for path, several in own.files.items()
        for query in several
        if query.command is not Command.LISTEN
    ]
    described = describe([_statement(query, oids) for _, query in queries])
    others = {
        (path, query.name): query
        for path, several in other.files.items()
        for query in several
    }
    errors = [d for d in other.diagnostics if d.severity is Severity.ERROR]
    effects: list[Effect] = []
    for (path, query), description in zip(queries, described, strict=True):
        comparison = _Comparison(
            own=query,
            other=others.get((path, query.name)),
            catalogs=(own.catalog, other.catalog),
            errors=[d for d in errors if _is_in(d, query)],
            functions=functions,
        )
        findings = [*dict.fromkeys(comparison.findings(description))]
        breaks = any(kind is EffectKind.BREAKS for kind, *_ in findings)
        notes = () if breaks else dict.fromkeys(functions.notes(query))
        findings += [
            (EffectKind.UNKNOWN, note, query.query.name_span) for note in notes
        ]
        effects += [
            Effect(
                direction=direction,
                kind=kind,
                file=path,
                query=query.name,
                method=query.method,
                message=message,
                span=span,
                is_note=kind is EffectKind.UNKNOWN,
            )
            for kind, message, span in findings
        ]
    return tuple(effects)


def _statement(query: TypedQuery, oids: Mapping[str, int]) -> Statement:
    types = {p.number: oids.get(p.type.sql, 0) for p in query.parameters}
    return Statement(
        sql="".join(p.sql for p in query.pieces if p.role is not PieceRole.REQUIRE_ANY),
        parameter_oids=tuple(
            types.get(n, 0) for n in range(1, max(types, default=0) + 1)
        ),
    )


def _is_in(diagnostic: Diagnostic, query: TypedQuery) -> bool:
    span, whole = diagnostic.span, query.query.span
    return (
        span is not None
        and span.source.path == whole.source.path
        and whole.start <= span.start <= whole.end
    )


class _Comparison:
    """One query on both schemas."""

    def __init__(
        self,
        *,
        own: TypedQuery,
        other: TypedQuery | None,
        catalogs: tuple[Catalog, Catalog],
        errors: Sequence[Diagnostic],
        functions: Functions,
    ) -> None:
        self._functions = functions
        self._own = own
        self._other = other
        self._before, self._after = catalogs
        self._errors = errors
        self._place = own.query.name_span

    def findings(self, description: Description) -> Iterator[Finding]:
        """Yield what becomes of the method."""
        if isinstance(description, ServerError):
            yield self._refused(description)
            return
        broken = [
            *map(self._breaks, self._functions.refusals(self._own)),
            *self._missing_tables(description),
            *self._conflicts(),
            *self._columns(description),
            *self._parameters(),
            *self._copied(),
        ]
        yield from broken
        if broken:
            return
        yield from self._values()
        yield from self._security()
        if self._other is not None:
            yield from self._nulls(self._other)
            yield from self._rows(self._other)
            yield from self._refusals(self._other, description)

    def _breaks(self, message: str) -> Finding:
        return EffectKind.BREAKS, message, self._place

    def _refused(self, refusal: ServerError) -> Finding:
        for one in self._errors:
            if one.span is not None:
                return EffectKind.BREAKS, one.message, one.span
        return self._breaks(refusal.message)

    def _missing_tables(self, description: Described) -> Iterator[Finding]:
        """Yield the tables that are gone; of commands the server does not say it."""
        trees = self._tree(description)
        if any(tree.command is not CommandType.UTILITY for tree in trees):
            return
        own = {r.qualified_name for r in self._before.relations.values()}
        there = {r.qualified_name: r for r in self._after.relations.values()}
        used = {*self._own.reads, *self._own.writes} & own
        for name in sorted(used - there.keys()):
            yield self._breaks(f"table {name} does not exist")
        if _words(self._own)[:1] == ["truncate"]:
            yield from self._truncated([there[one] for one in used & there.keys()])

    def _truncated(self, relations: Sequence[Relation]) -> Iterator[Finding]:
        oids = {one.oid for one in relations}
        for one in relations:
            if one.kind not in _TABLES:
                yield self._breaks(f"{one.qualified_name} is not a table")
            for child, key in self._after.references.get(one.oid, ()):
                name = child.qualified_name
                if child.oid not in oids and "cascade" not in _words(self._own):
                    yield self._breaks(
                        f"the foreign key {key.name} of {name} refers to"
                        f" {one.qualified_name}, which TRUNCATE refuses"
                    )

    def _conflicts(self) -> Iterator[Finding]:
        """Yield the unique indexes that are deferrable now, which ON CONFLICT refuses.

        The server says so when it runs the statement.
        """
        relations = {r.qualified_name: r for r in self._after.relations.values()}
        for fact in self._own.uses.facts:
            table = self._before.relations[fact.relation].qualified_name
            other = relations.get(table)
            if fact.kind is not FactKind.CONFLICT or other is None:
                continue
            if other.kind in _TABLES and not any(
                {c.name for n in index.columns if (c := other.column(n))}
                == {*fact.names}
                for index in other.indexes
                if index.unique
            ):
                yield self._breaks(
                    f"{table} has no unique index on ({', '.join(fact.names)}) that is"
                    " not deferrable, which ON CONFLICT needs"
                )

    def _columns(self, description: Described) -> Iterator[Finding]:
        expected = [*_flat(self._own)]
        found = [
            (column.name, _base(self._after.types.get(column.type_oid)))
            for column in description.columns
        ]
        if not expected:
            return
        if len(found) != len(expected) + self._own.hidden:
            yield self._breaks(
                f"the result has {len(found)} columns, the code expects {len(expected)}"
            )
            return
        for column, (_, type_) in zip(expected, found, strict=False):
            own = _base(column.type)
            other = []
            if type_ is not None:
                other = [*self._type(f"column {column.name}", own, type_)]
            yield from other or self._missing_type(column.type)

    def _missing_type(self, type_: PgType) -> Iterator[Finding]:
        """Yield the type that the run time looks up by its name, if it is gone."""
        while isinstance(type_, ArrayType):
            type_ = type_.element
        if not any(type_.sql == one.sql for one in self._after.types.values()):
            yield self._breaks(f"type {type_.sql} does not exist")

    def _type(self, what: str, own: PgType, other: PgType) -> Iterator[Finding]:
        if own.sql != other.sql:
            yield self._breaks(f"{what} is {other.sql}, the code expects {own.sql}")
            return
        match own, other:
            case ArrayType(element=one), ArrayType(element=another):
                yield from self._type(what, one, another)
            case CompositeType(fields=fields), CompositeType(fields=others):
                theirs = {field.name: field.type for field in others}
                for field in fields:
                    if field.name not in theirs:
                        yield self._breaks(f"{own.sql} has no attribute {field.name}")
                        continue
                    name = f"attribute {field.name} of {own.sql}"
                    yield from self._missing_type(field.type)
                    their_type = _base(theirs[field.name])
                    yield from self._type(name, _base(field.type), their_type)
            case _:
                return

    def _parameters(self) -> Iterator[Finding]:
        names = {type_.sql: type_ for type_ in self._after.types.values()}
        for parameter in self._own.parameters:
            other = names.get(parameter.type.sql)
            if other is None:
                yield self._breaks(f"type {parameter.type.sql} does not exist")
                continue
            yield from self._type(f"@{parameter.name}", parameter.type, other)
            for own, new in _pairs(parameter.type, other):
                if isinstance(own, CompositeType) and isinstance(new, CompositeType):
                    added = {f.name for f in new.fields} - {f.name for f in own.fields}
                    for name in sorted(added):
                        yield self._breaks(
                            f"{own.sql} has an attribute {name} that the code does not"
                            " write"
                        )

    def _copied(self) -> Iterator[Finding]:
        """Yield the columns that COPY would write values of another type into."""
        copy = self._own.copy
        if copy is None or copy.staging is not None:
            return
        tables = {p.column[0] for p in self._own.parameters if p.column}
        names = {
            r.qualified_name for o, r in self._before.relations.items() if o in tables
        }
        for relation in self._after.relations.values():
            if relation.qualified_name not in names:
                continue
            types = {column.name: column.type for column in relation.columns}
            pairs = zip(copy.columns, self._own.parameters, strict=True)
            for column, parameter in pairs:
                own, other = _base(parameter.type), _base(types.get(column))
                if other is not None:
                    yield from self._type(f"column {column}", own, other)

    def _values(self) -> Iterator[Finding]:
        names = {type_.sql: type_ for type_ in self._after.types.values()}
        for column in _flat(self._own):
            for own, new in _enums(column.type, names.get(column.type.sql)):
                for label in sorted({*new.labels} - {*own.labels}):
                    message = f"{own.sql} has a label that the code does not know"
                    yield EffectKind.TYPES, f"{message}: {label}", self._place
        for parameter in self._own.parameters:
            for own, new in _enums(parameter.type, names.get(parameter.type.sql)):
                for label in sorted({*own.labels} - {*new.labels}):
                    message = f"{own.sql} has no label {label}"
                    yield EffectKind.TYPES, message, self._place

    def _security(self) -> Iterator[Finding]:
        before, after = (
            {r.qualified_name: r for r in catalog.relations.values()}
            for catalog in (self._before, self._after)
        )
        for name in sorted({*self._own.reads, *self._own.writes}):
            old, new = before.get(name), after.get(name)
            if old and new and new.row_security and not old.row_security:
                message = f"row-level security can hide rows of {name}"
                yield EffectKind.ROWS, message, self._place

    def _nulls(self, other: TypedQuery) -> Iterator[Finding]:
        theirs: dict[str, tuple[bool, bool]] = {}
        for name, nullable, elements in _nullable(other):
            theirs.setdefault(name, (nullable, elements))
        for name, nullable, elements in _nullable(self._own):
            null, null_elements = theirs.get(name, (False, False))
            if null and not nullable:
                message = f"{name} can be None, the code says it is not"
                yield EffectKind.NULLABILITY, message, self._place
            elif null_elements and not elements:
                message = f"elements of {name} can be None, the code says they are not"
                yield EffectKind.NULLABILITY, message, self._place

    def _rows(self, other: TypedQuery) -> Iterator[Finding]:
        own = self._own
        if own.command not in _ONE_ROW or own.takes_first:
            return
        if own.cardinality in _ONE and other.cardinality is Cardinality.MANY:
            yield EffectKind.ROWS, "it can return several rows", self._place

    def _refusals(self, other: TypedQuery, description: Described) -> Iterator[Finding]:
        known = {_key(one) for one in self._own.raises}
        for refusal in other.raises:
            if _key(refusal) in known:
                continue
            column = self._unwritten(self._tree(description), refusal)
            if column is None:
                yield EffectKind.ERRORS, f"{refusal} can refuse it", self._place
            elif self._functions.fills(*column):
                message = (
                    f"{refusal} can refuse it, unless a trigger fills in {column[1]}"
                )
                yield EffectKind.ERRORS, message, self._place
            else:
                yield self._breaks(
                    f"it writes no value to column {column[1]}, which must not be NULL"
                )

    def _unwritten(
        self, trees: Sequence[Tree], refusal: Refusal
    ) -> tuple[Relation, str] | None:
        """Return the column that makes a NOT NULL refuse each row that is written."""
        for tree in trees:
            for node in tree.nodes:
                if not isinstance(node, Tree) or node.command not in _WRITES:
                    continue
                oid = node.entry(node.result_relation).relation
                relation = self._after.relations.get(oid)
                if relation is None:
                    continue
                for column in relation.columns:
                    if _must_have_value(refusal, relation, column) and _writes_null(
                        node, column.number
                    ):
                        return relation, column.name
        return None

    def _tree(self, description: Described) -> tuple[Tree, ...]:
        if not description.tree:
            return ()
        return parse_trees(description.tree, self._after.major)


def _flat(query: TypedQuery) -> Iterator[Column]:
    for item in query.results:
        if isinstance(item, Embed):
            yield from item.columns
        else:
            yield item


def _nullable(query: TypedQuery) -> Iterator[tuple[str, bool, bool]]:
    for item in query.results:
        yield (
            item.name,
            item.nullable,
            isinstance(item, Column) and item.element_nullable,
        )
        if isinstance(item, Embed):
            for one in item.columns:
                name = f"{item.name}.{one.name}"
                yield name, one.nullable, one.element_nullable


@overload
def _base(type_: PgType) -> PgType: ...
@overload
def _base(type_: PgType | None) -> PgType | None: ...
def _base(type_: PgType | None) -> PgType | None:
    while isinstance(type_, DomainType):
        type_ = type_.base
    return type_


def _pairs(own: PgType, other: PgType | None) -> Iterator[tuple[PgType, PgType]]:
    """Yield a type and what it consists of, each with its counterpart."""
    if other is None:
        return
    yield own, other
    match own, other:
        case ArrayType(element=one), ArrayType(element=another):
            yield from _pairs(one, another)
        case DomainType(base=one), DomainType(base=another):
            yield from _pairs(one, another)
        case CompositeType(fields=fields), CompositeType(fields=others):
            theirs = {field.name: field.type for field in others}
            for field in fields:
                yield from _pairs(field.type, theirs.get(field.name))
        case _:
            return


def _enums(own: PgType, other: PgType | None) -> Iterator[tuple[EnumType, EnumType]]:
    for one, another in _pairs(own, other):
        if isinstance(one, EnumType) and isinstance(another, EnumType):
            yield one, another


def _key(refusal: Refusal) -> tuple[str, str]:
    return type(refusal).__name__, str(refusal)


def _words(query: TypedQuery) -> list[str]:
    return "".join(piece.sql for piece in query.pieces).lower().split()


def _must_have_value(
    refusal: Refusal, relation: Relation, column: RelationColumn
) -> bool:
    """Return True if a NOT NULL constraint, or that of a domain, is about a column."""
    if isinstance(refusal, DomainViolation):
        type_: PgType | None = column.type
        while isinstance(type_, DomainType):
            if type_.sql == refusal.domain.sql:
                return refusal.check is None and column.generated is Generated.NO
            type_ = type_.base
        return False
    return (
        isinstance(refusal, Violation)
        and refusal.constraint.kind is ConstraintKind.NOT_NULL
        and refusal.relation.oid == relation.oid
        and column.number in refusal.constraint.columns
    )


def _writes_null(node: Tree, number: int) -> bool:
    """Return True if a statement writes NULL to a column, or leaves it out."""
    written = [t.expression for t in node.targets if t.number == number]
    if not written:
        return node.command is CommandType.INSERT
    value = written[0]
    while isinstance(value, e.Coerce):
        value = value.arg
    return isinstance(value, e.Const) and value.value is None
