"""The contract of a package: what its methods use of the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.domains import domains_in
from reposgen.analysis.facts import FactKind
from reposgen.live_schema.model import ConstraintKind, Generated, RelationKind
from reposgen.python_model.model.modules import ContractModule
from reposgen.python_model.model.pytype import CONTRACT, Symbol
from reposgen.python_model.model.values import Constant, Entries, construct
from reposgen.python_model.types import qualified, spelling, word
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.analysis.model import TypedQuery
    from reposgen.live_schema.model import Catalog, Relation, RelationColumn
    from reposgen.python_model.layout import FileLayout
    from reposgen.python_model.model.values import Value

NAME = "schema_contract"
_KINDS = {
    ConstraintKind.CHECK: "check",
    ConstraintKind.FOREIGN_KEY: "foreign key",
    ConstraintKind.EXCLUSION: "exclude",
}
_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


def contract_module(
    package: str, layouts: Sequence[FileLayout], catalog: Catalog
) -> ContractModule:
    """Return schema_contract.py.

    Args:
        package: the package's name.
        layouts: its files.
        catalog: of the database that the queries were analysed in.
    """
    methods = {
        f"{layout.module}.{method}": query
        for layout in layouts
        for method, query in zip(layout.methods, layout.queries, strict=True)
        if query.command is not Command.LISTEN
    }
    path = f"{package}.{NAME}"
    queries = [*methods.values()]
    used = {use.relation for query in queries for use in query.uses.relations}
    used |= {fact.relation for query in queries for fact in query.uses.facts}
    named = sorted((qualified(catalog.relations[oid]), oid) for oid in used)
    relations = [(name, catalog.relations[oid]) for name, oid in named]
    return ContractModule(
        path=path,
        doc=f"What package {package} expects of the schema, for `verify`.",
        contract=Constant(
            symbol=Symbol(module=path, name="CONTRACT", generated=True),
            value=construct(
                CONTRACT,
                search_path=catalog.search_path,
                relations=_entries(
                    (name, Entries(tuple(_columns(relation))))
                    for name, relation in relations
                ),
                constraints=_entries(
                    (name, _entries(sorted(_constraints(relation))))
                    for name, relation in relations
                ),
                views=tuple(
                    name
                    for name, relation in relations
                    if relation.kind is RelationKind.VIEW
                ),
                row_security=tuple(
                    name for name, relation in relations if relation.row_security
                ),
                domains=_entries(_domains(queries, relations)),
                functions=_entries(_functions(queries, catalog)),
                methods=_entries(
                    (name, uses)
                    for name, query in sorted(methods.items())
                    if (uses := tuple(_uses(query, catalog)))
                ),
            ),
        ),
    )


def _entries(items: Iterable[tuple[Value, Value | None]]) -> Entries | None:
    """Return a dict; None if it would be empty."""
    found = tuple((key, value) for key, value in items if value is not None)
    return Entries(found) if found else None


def _columns(relation: Relation) -> Iterator[tuple[str, str]]:
    for column in sorted(relation.columns, key=lambda column: column.name):
        yield column.name, _fact(relation, column)


def _constraints(relation: Relation) -> Iterator[tuple[str, str]]:
    """Yield constraints and unique indexes, and what each of them is."""
    for index in relation.indexes:
        if index.unique:
            columns = [relation.column(number) for number in index.columns]
            names = sorted(column.name for column in columns if column)
            names += ["()"] * columns.count(None)
            partial = "" if index.predicate is None else "partial "
            yield index.name, f"{partial}unique ({', '.join(names)})"
    for constraint in relation.constraints:
        if constraint.kind in _KINDS and not constraint.partial:
            yield constraint.name, _KINDS[constraint.kind]


def _fact(relation: Relation, column: RelationColumn) -> str:
    """Return what the run time compares: `int4 not null default`."""
    words = [spelling(column.type)]
    # Of a view it is proved, and not in the catalog.
    if column.not_null_only and relation.kind in _TABLES and not column.why_not_null:
        words.append("not null")
    match column.generated:
        case Generated.ALWAYS_STORED | Generated.ALWAYS_VIRTUAL:
            words.append("generated")
        case Generated.IDENTITY_ALWAYS:
            words.append("identity")
        case Generated.IDENTITY_BY_DEFAULT:
            words.append("default")
        case Generated.NO if column.has_default:
            words.append("default")
        case _:
            pass
    return " ".join(words)


def _domains(
    queries: Iterable[TypedQuery], relations: Iterable[tuple[str, Relation]]
) -> Iterator[tuple[str, str]]:
    types = [p.type for query in queries for p in query.parameters]
    types += [c.type for _, relation in relations for c in relation.columns]
    found = {
        spelling(domain): spelling(domain.base)
        for type_ in types
        for domain in domains_in(type_)
    }
    yield from sorted(found.items())


def _functions(
    queries: Iterable[TypedQuery], catalog: Catalog
) -> Iterator[tuple[str, Value]]:
    used = {oid for query in queries for oid in query.uses.functions}
    names = {qualified(catalog.functions[oid]) for oid in used}
    returns: dict[str, list[str]] = {name: [] for name in names}
    for function in catalog.functions.values():
        name, type_ = qualified(function), catalog.types.get(function.returns)
        if name in names and type_ is not None:
            returns[name].append(spelling(type_))
    for name, types in sorted(returns.items()):
        yield name, tuple(sorted(types))


def _uses(query: TypedQuery, catalog: Catalog) -> Iterator[Value]:
    """Yield what a method uses: what it does, a name, and the names of parts of that.

    They are words: a name that does not look like one is quoted as in SQL.
    """
    relations = catalog.relations
    found: list[tuple[str, ...]] = []
    for use in query.uses.relations:
        name = qualified(relations[use.relation])
        if use.inserted is not None:
            found.append(("insert", name, *map(word, use.inserted)))
        if use.updated:
            found.append(("update", name, *map(word, use.updated)))
        if use.inserted is None and not use.updated:
            found.append(("command" if query.uses.is_command else "read", name))
    not_null: dict[int, list[str]] = {}
    for fact in query.uses.facts:
        if fact.kind is FactKind.NOT_NULL:
            not_null.setdefault(fact.relation, []).extend(map(word, fact.names))
        else:
            name = qualified(relations[fact.relation])
            found.append((fact.kind.value, name, *map(word, fact.names)))
    found += [
        (FactKind.NOT_NULL.value, qualified(relations[oid]), *sorted(names))
        for oid, names in not_null.items()
    ]
    found += [
        ("call", qualified(catalog.functions[oid])) for oid in query.uses.functions
    ]
    if query.uses.is_unknown:
        found.append(("unknown", "*"))
    yield from map(" ".join, sorted({*found}))
