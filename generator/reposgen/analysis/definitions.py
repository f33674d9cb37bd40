"""Definitions of materialized views and SQL functions, which query trees lack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.arrays import element_of
from reposgen.analysis.nullability import Body, Definitions, prove_rows
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import Described, RelationKind, Statement
from reposgen.live_schema.tree import parse_body, parse_expressions, parse_tree
from reposgen.live_schema.tree.model import RangeTableEntry
from reposgen.live_schema.tree.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from reposgen.analysis.model import Elements
    from reposgen.analysis.nullability import Proof
    from reposgen.live_schema.model import Catalog, Description, Function, Relation
    from reposgen.live_schema.tree.model import Query


_VIEWS = (RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW)


def view_trees(
    named: Collection[int],
    catalog: Catalog,
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Mapping[int, Query]:
    """Return the trees of `SELECT *` from the views among relations, by oid.

    Args:
        named: oids of relations.
        catalog: catalog of the database.
        describe: has the server describe statements.
    """
    relations = (catalog.relations.get(oid) for oid in sorted(named))
    views = [r for r in relations if r and r.kind in _VIEWS]
    statements = [Statement(sql=_whole(view)) for view in views]
    found: dict[int, Query] = {}
    verdicts = describe(statements) if statements else ()
    for view, statement, verdict in zip(views, statements, verdicts, strict=True):
        if isinstance(verdict, Described) and verdict.tree:
            tree = parse_tree(verdict.tree, catalog.major, statement.sql)
            if tree is not None and len(tree.results) == len(view.columns):
                found[view.oid] = tree
    return found


def _whole(view: Relation) -> str:
    quoted = (name.replace('"', '""') for name in (view.schema, view.name))
    return "SELECT * FROM " + ".".join(f'"{name}"' for name in quoted)


def with_proved_views(
    catalog: Catalog,
    trees: Mapping[int, Query],
    definitions: Definitions,
    elements: Elements,
) -> tuple[Catalog, Elements]:
    """Return the catalog with view columns marked not null that are never NULL.

    Args:
        catalog: catalog of the database.
        trees: the trees of `SELECT *` from views, by oid.
        definitions: the definitions of the views and functions that these views use.
        elements: nullability of the elements of the schema's arrays.

    Returns:
        The catalog, and `elements` extended by the arrays of the views.
    """
    if not trees:
        return catalog, elements
    functions = builtin_functions(catalog.major)
    relations = dict(catalog.relations)
    # Declarations of a view's column take precedence over its definition.
    columns = dict(elements.columns)
    for oid, tree in trees.items():
        rows = prove_rows(
            tree, catalog, functions, definitions=definitions, elements=elements
        )
        view = relations[oid]
        relations[oid] = replace(
            view,
            columns=tuple(
                replace(column, not_null=proof.not_null)
                for column, proof in zip(view.columns, rows.columns, strict=True)
            ),
        )
        for column, proof, real in zip(
            view.columns, rows.elements, rows.real, strict=True
        ):
            made_up = not real and elements.may_be_made_up(element_of(column.type))
            columns.setdefault((oid, column.number), not proof.not_null or made_up)
    return (
        replace(catalog, relations=relations),
        replace(elements, columns=columns),
    )


def read_bodies(
    trees: Iterable[object],
    catalog: Catalog,
    read_functions: Callable[[Sequence[Function]], Mapping[int, str]],
) -> Mapping[int, Body]:
    """Return the SQL functions that statements call, directly or indirectly, by oid."""
    known = {oid: f for oid, f in catalog.functions.items() if f.body is not None}
    found: dict[int, Body] = {}
    asked: set[int] = set()
    pending = _called_by(trees) & known.keys() if known else set()
    while pending:
        asked |= pending
        texts = read_functions([known[oid] for oid in sorted(pending)])
        fresh = {
            oid: body
            for oid, text in texts.items()
            if (body := _body(known[oid], text, catalog.major)) is not None
        }
        found |= fresh
        called = _called_by(body.query for body in fresh.values())
        called |= _called_by(d for body in fresh.values() for d in body.defaults)
        pending = (called & known.keys()) - asked
    return found


def _body(function: Function, text: str, major: int) -> Body | None:
    query = parse_body(text, major)
    tree = function.body.defaults_tree if function.body else None
    defaults = parse_expressions(tree, major) if tree else ()
    if query is None or defaults is None:
        return None
    return Body(function=function, query=query, defaults=defaults)


def _called_by(nodes: Iterable[object]) -> set[int]:
    return {
        function
        for node in nodes
        for part in walk(node)
        if (function := getattr(part, "function", 0))
    }


def prove_definitions(
    trees: Iterable[Query],
    catalog: Catalog,
    elements: Elements,
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> tuple[Mapping[int, Sequence[Proof]], Elements]:
    """Return nullability proofs for the materialized views that statements read.

    The proofs are by oid of the view. Views over views are proved from the bottom up,
    since no view can contain itself.

    Returns:
        The proofs, and `elements` extended by the arrays of the views.
    """
    views = {
        relation.oid: relation
        for relation in catalog.relations.values()
        if relation.kind is RelationKind.MATERIALIZED_VIEW and relation.view_definition
    }
    if not views:
        return {}, elements
    definitions: dict[int, Query] = {}
    pending = _read_by(trees) & views.keys()
    while pending:
        asked = {oid: views[oid].view_definition or "" for oid in sorted(pending)}
        verdicts = describe([Statement(sql=sql) for sql in asked.values()])
        for (oid, sql), verdict in zip(asked.items(), verdicts, strict=True):
            if isinstance(verdict, Described) and verdict.tree:
                tree = parse_tree(verdict.tree, catalog.major, sql)
                if tree is not None:
                    definitions[oid] = tree
        found = _read_by(definitions[oid] for oid in asked if oid in definitions)
        pending = (found & views.keys()) - definitions.keys() - pending
    return _proved(definitions, catalog, elements)


def _proved(
    definitions: Mapping[int, Query], catalog: Catalog, elements: Elements
) -> tuple[Mapping[int, Sequence[Proof]], Elements]:
    functions = builtin_functions(catalog.major)
    proofs: dict[int, Sequence[Proof]] = {}
    # Declarations of a view's column take precedence over its definition.
    columns = dict(elements.columns)
    known = replace(elements, columns=columns)

    def visit(oid: int) -> None:
        if oid in proofs or oid not in definitions:
            return
        for inner in _read_by([definitions[oid]]):
            visit(inner)
        # Functions prove nothing, since a materialized view holds their results at the
        # time of its last refresh.
        rows = prove_rows(
            definitions[oid],
            catalog,
            functions,
            definitions=Definitions(views=dict(proofs)),
            elements=known,
        )
        proofs[oid] = rows.columns
        for number, proof in enumerate(rows.elements, start=1):
            columns.setdefault((oid, number), not proof.not_null)

    for oid in definitions:
        visit(oid)
    return proofs, known


def _read_by(trees: Iterable[Query]) -> set[int]:
    return {
        node.relation
        for tree in trees
        for node in walk(tree)
        if isinstance(node, RangeTableEntry)
        and node.relation_kind == RelationKind.MATERIALIZED_VIEW
    }
