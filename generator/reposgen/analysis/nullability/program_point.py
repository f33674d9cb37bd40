"""Points in a statement at which a value is used, with the facts known there."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from reposgen.analysis.nullability.proof_context import NOTHING
from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.analysis.nullability.grouping import Grouping
    from reposgen.analysis.nullability.jointree import JoinTree, Side
    from reposgen.analysis.nullability.proof import Proof
    from reposgen.analysis.nullability.proof_context import NotNullFacts, ProofContext
    from reposgen.live_schema.tree.expressions import Expression
    from reposgen.live_schema.tree.model import Query


class Prover(Protocol):
    """Interface through which rules have the parts of an expression proved."""

    knowledge: ProofContext
    recursion: dict[int, frozenset[int]]
    # Columns of recursive CTEs whose arrays are assumed to have no NULL elements.
    assumed_elements: set[tuple[int, int]]

    def body(
        self, function: int, nullable: frozenset[int], null_elements: frozenset[int]
    ) -> ProgramPoint | None:
        """Return the place of the results of an SQL function.

        Args:
            function: oid of the function.
            nullable: numbers of the arguments that can be NULL.
            null_elements: numbers of the arguments that can have NULL elements.

        Returns:
            None if the body is not known, is being proved already, or is nested too
            deeply.
        """

    def gives_row(self, place: ProgramPoint) -> bool:
        """Return True if a statement always returns at least one row."""

    def reads_one_snapshot(self) -> bool:
        """Return True if foreign keys hold in all rows that the statement sees."""

    def prove(self, expression: Expression, place: ProgramPoint) -> Proof:
        """Return the proof for an expression at a place."""

    def output(self, place: ProgramPoint, column: int) -> Proof:
        """Return the proof for a result column, from 1, of the place's query."""

    def home(self, place: ProgramPoint) -> ProgramPoint:
        """Return the place of the same query without facts about its rows."""

    def enter(
        self,
        query: Query,
        enclosing: ProgramPoint | None,
        assumed: frozenset[int] = frozenset(),
    ) -> ProgramPoint:
        """Return the place of a query's results.

        Args:
            query: the query.
            enclosing: the place that contains the query; None for a statement.
            assumed: numbers of the result columns that are not NULL.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Facts about one query of the statement that hold at all of its places."""

    query: Query
    joins: JoinTree
    grouping: Grouping


@dataclass(slots=True, kw_only=True, eq=False)
class ProgramPoint:
    """Point in a query's evaluation, with the facts that are known of every row there.

    Attributes:
        prover: prover of the statement.
        scope: scope of the query.
        known: facts about every row that reaches this point and matters.
        enclosing: place of the enclosing query, as this query was entered from it.
        outer: the same place with the facts that this query's rows imply for it.
        rows: for a place after the grouping step or in RETURNING, the place before it.
        assumed: result columns, from 1, that are not NULL in the rows that matter.
        returning: True in RETURNING, where columns of the target are the new row's.
        proofs: cache of proofs, by id of the expression.
        outputs: cache of proofs of result columns.
        entered: cache of places of subqueries.
        recursive: cache of proofs of recursive CTEs.
        matches: why an outer join finds a match for every row of its other side.
        origin: the place to which this one adds facts; None for an original place.
        plain: the place of all rows, created on first use.
    """

    prover: Prover
    scope: Scope
    known: NotNullFacts = NOTHING
    enclosing: ProgramPoint | None = None
    outer: ProgramPoint | None = None
    rows: ProgramPoint | None = None
    assumed: frozenset[int] = frozenset()
    returning: bool = False
    proofs: dict[int, tuple[Expression, Proof]] = field(default_factory=dict)
    outputs: dict[int, Proof] = field(default_factory=dict)
    entered: dict[tuple[int, frozenset[int]], ProgramPoint] = field(
        default_factory=dict
    )
    recursive: dict[int, dict[int, Proof]] = field(default_factory=dict)
    matches: dict[Side, str] = field(default_factory=dict)
    origin: ProgramPoint | None = None
    plain: ProgramPoint | None = None

    @property
    def query(self) -> Query:
        """The query that contains this place."""
        return self.scope.query

    def ancestor(self, levels_up: int) -> ProgramPoint | None:
        """Return the place `levels_up` queries further out; None if there is none."""
        place: ProgramPoint | None = self
        for _ in range(levels_up):
            place = place.outer if place else None
        return place
