"""Where in a statement a value is looked at, and what is known there."""

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
    """What the rules call, wherever they need a part proved first."""

    knowledge: ProofContext
    recursion: dict[int, frozenset[int]]
    # Columns of recursive CTEs whose arrays are taken to have no NULL elements.
    assumed_elements: set[tuple[int, int]]

    def body(
        self, function: int, nullable: frozenset[int], null_elements: frozenset[int]
    ) -> ProgramPoint | None:
        """The place of the results of a function in SQL.

        Args:
            function: its oid.
            nullable: the numbers of the arguments that can be NULL.
            null_elements: of those that are no arrays without NULL elements.

        Returns:
            None where its body is not known, or is being looked at already.
        """

    def gives_row(self, place: ProgramPoint) -> bool:
        """Whether a statement returns at least one row, whatever the tables hold."""

    def reads_one_snapshot(self) -> bool:
        """Whether foreign keys hold in all that the statement sees."""

    def prove(self, expression: Expression, place: ProgramPoint) -> Proof:
        """Whether an expression can be NULL at a place."""

    def output(self, place: ProgramPoint, column: int) -> Proof:
        """Whether a result column, from 1, of the place's query can be NULL."""

    def home(self, place: ProgramPoint) -> ProgramPoint:
        """The query of a place, seen from where no row of it is at hand."""

    def enter(
        self,
        query: Query,
        enclosing: ProgramPoint | None,
        assumed: frozenset[int] = frozenset(),
    ) -> ProgramPoint:
        """The place of a query's results, given that some of them are not NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is fixed for one query of the statement, wherever it is looked at."""

    query: Query
    joins: JoinTree
    grouping: Grouping


@dataclass(slots=True, kw_only=True, eq=False)
class ProgramPoint:
    """A point in a query's evaluation: every row there, and what is known of it.

    Attributes:
        known: of every row that gets as far as to matter here.
        enclosing: the place of the query around this one, as it was entered from.
        outer: the same, with what this query's rows imply for it.
        rows: where this is after the grouping step, the place before it.
        assumed: result columns, from 1, that are not NULL in the rows that matter.
        returning: this is RETURNING: columns of the target are the new row's.
        origin: the place that this one is, with more known.
        matches: why an outer join finds a match for every row of its other side.
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
        """The query this is a place in."""
        return self.scope.query

    def ancestor(self, levels_up: int) -> ProgramPoint | None:
        """The place that many queries out."""
        place: ProgramPoint | None = self
        for _ in range(levels_up):
            place = place.outer if place else None
        return place
