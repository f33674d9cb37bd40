"""Prover of a statement's results, which combines all rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.model import Elements
from reposgen.analysis.nullability import expressions, outputs
from reposgen.analysis.nullability.dml import always_inserts
from reposgen.analysis.nullability.elements import output_elements
from reposgen.analysis.nullability.narrowing import make_place, make_scope
from reposgen.analysis.nullability.program_point import ProgramPoint, Scope
from reposgen.analysis.nullability.proof_context import Definitions, ProofContext
from reposgen.analysis.nullability.real_rows import output_holds_real_rows
from reposgen.analysis.nullability.rows import always_row
from reposgen.analysis.nullability.shapes import output_shape
from reposgen.live_schema.tree.model import CommandType, Query
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.analysis.model import JsonShape
    from reposgen.analysis.nullability.proof import Proof
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, Function
    from reposgen.live_schema.tree.expressions import Expression

_NO_COLUMNS: frozenset[int] = frozenset()
_UNKNOWN = Elements()
_NO_DEFINITIONS = Definitions()
# Largest depth of nested calls of SQL functions that is followed.
_DEEPEST = 12


class _Prover:
    """Prover of one statement, which caches its proofs."""

    def __init__(
        self,
        query: Query,
        knowledge: ProofContext,
        around: tuple[_Prover, ...] = (),
        function: Function | None = None,
    ) -> None:
        self.knowledge = knowledge
        self._query = query
        self._around = around
        self.function = function
        self._bodies: dict[
            tuple[int, frozenset[int], frozenset[int]], ProgramPoint
        ] = {}
        self._one_snapshot: bool | None = None
        self.recursion: dict[int, frozenset[int]] = {}
        self.assumed_elements: set[tuple[int, int]] = set()
        self._scopes: dict[int, Scope] = {}
        self._tops: dict[int, ProgramPoint] = {}
        self._homes: dict[tuple[int, int], ProgramPoint] = {}

    def prove(self, expression: Expression, place: ProgramPoint) -> Proof:
        key = id(expression)
        found = place.proofs.get(key)
        if found is None or found[0] is not expression:
            # The node is kept in the cache, so that no other node can get its id.
            found = (expression, expressions.prove(expression, place))
            place.proofs[key] = found
        return found[1]

    def output(self, place: ProgramPoint, column: int) -> Proof:
        proof = place.outputs.get(column)
        if proof is None:
            proof = outputs.output_column(place, column)
            place.outputs[column] = proof
        return proof

    def enter(
        self,
        query: Query,
        enclosing: ProgramPoint | None,
        assumed: frozenset[int] = _NO_COLUMNS,
    ) -> ProgramPoint:
        if enclosing is None:
            place = self._tops.get(id(query))
            if place is None:
                place = make_place(self, self._scope(query), None, assumed)
                self._tops[id(query)] = place
            return place
        key = (id(query), assumed)
        place = enclosing.entered.get(key)
        if place is None:
            place = make_place(self, self._scope(query), enclosing, assumed)
            enclosing.entered[key] = place
        return place

    def home(self, place: ProgramPoint) -> ProgramPoint:
        enclosing = self.home(place.enclosing) if place.enclosing else None
        key = (id(place.scope), id(enclosing))
        home = self._homes.get(key)
        if home is None:
            home = ProgramPoint(
                prover=self, scope=place.scope, enclosing=enclosing, outer=enclosing
            )
            self._homes[key] = home
        return home

    def gives_row(self, place: ProgramPoint) -> bool:
        if place.query.command is CommandType.INSERT:
            return always_inserts(place)
        return always_row(place)

    def reads_one_snapshot(self) -> bool:
        # True if the statement only reads, and no FOR UPDATE re-reads changed rows.
        if self._one_snapshot is None:
            self._one_snapshot = all(
                node.command is CommandType.SELECT and not node.row_marks
                for node in self._query.nodes
                if isinstance(node, Query)
            ) and all(around.reads_one_snapshot() for around in self._around[-1:])
        return self._one_snapshot

    def body(
        self, function: int, nullable: frozenset[int], null_elements: frozenset[int]
    ) -> ProgramPoint | None:
        key = (function, nullable, null_elements)
        place = self._bodies.get(key)
        if place is None:
            body = self.knowledge.definitions.bodies.get(function)
            chain = (*self._around, self)
            called = [one.function for one in chain if one.function]
            if body is None or body.function in called or len(called) > _DEEPEST:
                return None
            inside = body.function.body
            moved = any(one.body and one.body.search_path is not None for one in called)
            if moved and inside and not (inside.search_path or inside.resolved):
                # The function's names depend on the `search_path` of its caller.
                return None
            knowledge = replace(
                self.knowledge,
                nullable_parameters=nullable,
                elements=replace(self.knowledge.elements, parameters=null_elements),
                arguments=body.function.argument_names,
            )
            inner = _Prover(body.query, knowledge, chain, body.function)
            place = self._bodies[key] = inner.enter(body.query, None)
        return place

    def _scope(self, query: Query) -> Scope:
        scope = self._scopes.get(id(query))
        if scope is None:
            scope = make_scope(query)
            self._scopes[id(query)] = scope
        return scope


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProofs:
    """Proofs about the rows of a statement.

    Attributes:
        columns: proofs of the columns, as `prove` returns them.
        elements: proofs of the elements of each column that is an array.
        real: for each column, True if its composite values are rows of tables.
        shapes: shapes of the JSON documents that the statement builds; None for any
            JSON.
        missing: range table indexes, from 1, of the items that a row can lack: those on
            the nullable side of an outer join that no condition narrows. All columns of
            an embedded table are NULL if its row is missing.
    """

    columns: tuple[Proof, ...]
    elements: tuple[Proof, ...]
    real: tuple[bool, ...]
    shapes: tuple[JsonShape | None, ...]
    missing: frozenset[int]


def prove(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int] = frozenset(),
    definitions: Definitions = _NO_DEFINITIONS,
    *,
    elements: Elements = _UNKNOWN,
) -> tuple[Proof, ...]:
    """Return a proof for each result column of a statement.

    Args:
        query: the statement's analysed tree.
        catalog: catalog of the database that the statement was analysed in.
        functions: the built-in functions of the server's major version.
        nullable_parameters: numbers of the parameters that can be NULL.
        definitions: definitions of materialized views and functions.
        elements: nullability of the elements of the schema's and parameters' arrays.

    Returns:
        One proof for each item of `query.results`, in order. An unknown expression is
        assumed to be nullable.
    """
    prover = _prover(
        query,
        catalog,
        functions,
        nullable_parameters,
        definitions,
        elements=elements,
    )
    place = prover.enter(query, None)
    return tuple(prover.output(place, target.number) for target in query.results)


def prove_rows(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int] = frozenset(),
    definitions: Definitions = _NO_DEFINITIONS,
    *,
    elements: Elements = _UNKNOWN,
) -> RowProofs:
    """Return all proofs about a statement's rows.

    Args:
        query: the statement's analysed tree.
        catalog: catalog of the database that the statement was analysed in.
        functions: the built-in functions of the server's major version.
        nullable_parameters: numbers of the parameters that can be NULL.
        definitions: definitions of materialized views and functions.
        elements: nullability of the elements of the schema's and parameters' arrays.
    """
    prover = _prover(
        query,
        catalog,
        functions,
        nullable_parameters,
        definitions,
        elements=elements,
    )
    place = prover.enter(query, None)
    rows = place.rows or place
    return RowProofs(
        columns=tuple(prover.output(place, t.number) for t in query.results),
        elements=tuple(output_elements(place, t.number) for t in query.results),
        real=tuple(output_holds_real_rows(place, t.number) for t in query.results),
        shapes=tuple(output_shape(place, t.number) for t in query.results),
        missing=frozenset(
            index
            for index, sides in place.scope.joins.nullable.items()
            if sides - rows.known.sides
        ),
    )


def assignment_prover(
    tree: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int],
    elements: Elements,
) -> Callable[[Query, Expression], bool]:
    """Return a function that returns True if a value that a write assigns is not NULL.

    The function takes the statement or one of its CTEs, and the value.
    """
    prover = _prover(
        tree,
        catalog,
        functions,
        nullable_parameters,
        _NO_DEFINITIONS,
        elements=elements,
    )
    top = prover.enter(tree, None)
    places = {id(tree): top}
    places |= {id(cte.query): prover.enter(cte.query, top) for cte in tree.ctes}

    def proves(query: Query, value: Expression) -> bool:
        place = places.get(id(query))
        # Each action of a MERGE has other rows.
        if place is None or query.command is CommandType.MERGE:
            return False
        return prover.prove(value, place.rows or place).not_null

    return proves


def always_returns_row(
    query: Query, catalog: Catalog, functions: BuiltinFunctions
) -> bool:
    """Return True if a statement always returns at least one row."""
    prover = _prover(
        query, catalog, functions, _NO_COLUMNS, _NO_DEFINITIONS, elements=_UNKNOWN
    )
    return prover.gives_row(prover.enter(query, None))


def _prover(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int],
    definitions: Definitions,
    *,
    elements: Elements,
) -> _Prover:
    return _Prover(
        query,
        ProofContext(
            catalog=catalog,
            functions=functions,
            nullable_parameters=nullable_parameters,
            definitions=definitions,
            elements=elements,
        ),
    )
