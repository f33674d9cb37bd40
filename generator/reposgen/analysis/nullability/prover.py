"""The proof of a statement's results: where all rules come together."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from reposgen.analysis.nullability import expressions, outputs
from reposgen.analysis.nullability.arrays import has_null_elements
from reposgen.analysis.nullability.dml import always_inserts
from reposgen.analysis.nullability.knowledge import Knowledge
from reposgen.analysis.nullability.narrowing import make_place, make_scope
from reposgen.analysis.nullability.place import Place, Scope
from reposgen.analysis.nullability.rows import always_row
from reposgen.live_schema.tree.model import CommandType, Query
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reposgen.analysis.nullability.proof import Proof
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog
    from reposgen.live_schema.tree.expressions import Expression

_NO_COLUMNS: frozenset[int] = frozenset()
_NO_DEFINITIONS: Mapping[int, Sequence[Proof]] = MappingProxyType({})


class _Prover:
    """Proves one statement; remembers what it has proved."""

    def __init__(self, query: Query, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._query = query
        self._one_snapshot: bool | None = None
        self.recursion: dict[int, frozenset[int]] = {}
        self._scopes: dict[int, Scope] = {}
        self._tops: dict[int, Place] = {}
        self._homes: dict[tuple[int, int], Place] = {}

    def prove(self, expression: Expression, place: Place) -> Proof:
        key = id(expression)
        found = place.proofs.get(key)
        if found is None or found[0] is not expression:
            # Nodes made on the way may reuse an address: the node is kept with it.
            found = (expression, expressions.prove(expression, place))
            place.proofs[key] = found
        return found[1]

    def output(self, place: Place, column: int) -> Proof:
        proof = place.outputs.get(column)
        if proof is None:
            proof = outputs.output_column(place, column)
            place.outputs[column] = proof
        return proof

    def enter(
        self,
        query: Query,
        enclosing: Place | None,
        assumed: frozenset[int] = _NO_COLUMNS,
    ) -> Place:
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

    def home(self, place: Place) -> Place:
        enclosing = self.home(place.enclosing) if place.enclosing else None
        key = (id(place.scope), id(enclosing))
        home = self._homes.get(key)
        if home is None:
            home = Place(
                prover=self, scope=place.scope, enclosing=enclosing, outer=enclosing
            )
            self._homes[key] = home
        return home

    def reads_one_snapshot(self) -> bool:
        # It only reads, and re-checks no row that was changed since its snapshot.
        if self._one_snapshot is None:
            self._one_snapshot = all(
                node.command is CommandType.SELECT and not node.row_marks
                for node in self._query.nodes
                if isinstance(node, Query)
            )
        return self._one_snapshot

    def _scope(self, query: Query) -> Scope:
        scope = self._scopes.get(id(query))
        if scope is None:
            scope = make_scope(query)
            self._scopes[id(query)] = scope
        return scope


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProofs:
    """What is proved of the rows of a statement.

    Attributes:
        columns: as `prove` gives them.
        null_elements: whether each column is an array that the statement puts NULLs
            into.
        missing: indexes of the entries of the range table, from 1, that a row may
            lack: those on the nullable side of an outer join that nothing narrows.
            All columns of an embedded table are NULL where its row is missing.
    """

    columns: tuple[Proof, ...]
    null_elements: tuple[bool, ...]
    missing: frozenset[int]


def prove(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int] = frozenset(),
    definitions: Mapping[int, Sequence[Proof]] = _NO_DEFINITIONS,
) -> tuple[Proof, ...]:
    """Whether each result column of a statement can be NULL, and why.

    Args:
        query: the statement's analysed tree.
        catalog: of the database it was analysed in.
        functions: the built-in functions of the server's major version.
        nullable_parameters: the numbers of the parameters that may be NULL.
        definitions: for each materialized view, by oid, the proofs of its
            definition's columns; of one that is missing nothing is concluded.

    Returns:
        One verdict for each of `query.results`, in order. What is
        not known here gives "may be null", never a guess.
    """
    prover = _prover(query, catalog, functions, nullable_parameters, definitions)
    place = prover.enter(query, None)
    return tuple(prover.output(place, target.number) for target in query.results)


def prove_rows(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int] = frozenset(),
    definitions: Mapping[int, Sequence[Proof]] = _NO_DEFINITIONS,
) -> RowProofs:
    """All that is proved of a statement's rows, at once.

    The arguments are those of `prove`.
    """
    prover = _prover(query, catalog, functions, nullable_parameters, definitions)
    place = prover.enter(query, None)
    rows = place.rows or place
    return RowProofs(
        columns=tuple(prover.output(place, t.number) for t in query.results),
        null_elements=tuple(has_null_elements(place, t.number) for t in query.results),
        missing=frozenset(
            index
            for index, sides in place.scope.joins.nulled.items()
            if sides - rows.known.sides
        ),
    )


def always_returns_row(
    query: Query, catalog: Catalog, functions: BuiltinFunctions
) -> bool:
    """Whether a statement returns at least one row, whatever the tables hold."""
    place = _prover(query, catalog, functions, _NO_COLUMNS, _NO_DEFINITIONS).enter(
        query, None
    )
    if query.command is CommandType.INSERT:
        return always_inserts(place)
    return always_row(place)


def _prover(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int],
    definitions: Mapping[int, Sequence[Proof]],
) -> _Prover:
    return _Prover(
        query,
        Knowledge(
            catalog=catalog,
            functions=functions,
            nullable_parameters=nullable_parameters,
            definitions=definitions,
        ),
    )
