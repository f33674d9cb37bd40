"""Nullability of calls of user-defined functions, proved from SQL bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.elements import elements_not_null
from reposgen.analysis.nullability.proof import Proof, all_of, may_be_null, never_null
from reposgen.live_schema.model import CompositeType, DomainType
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.types import expression_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.analysis.nullability.proof_context import Body, ProofContext
    from reposgen.live_schema.model import Function
    from reposgen.live_schema.tree.model import TargetEntry

    Args = tuple[e.Expression, ...]

_VOID = 2278
# Groups of types between which assignment casts never return NULL.
_ASSIGNABLE = (
    frozenset({20, 21, 23, 700, 701, 1700}),  # numbers
    frozenset({19, 25, 1042, 1043}),  # texts
    frozenset({1082, 1114, 1184}),  # dates and times
    frozenset({114, 3802}),  # JSON
)


def call_value(
    function: int, args: Args, type_: int, place: ProgramPoint, column: int = 0
) -> Proof:
    """Return the proof for the result of a function, in each row if it returns a set.

    Args:
        function: oid of the function.
        args: arguments of the call.
        type_: oid of the value's type.
        place: where the call is.
        column: `attnum` of the value's column in the row that the function returns; 0
            for the result itself.
    """
    known = place.prover.knowledge.catalog.functions.get(function)
    if known is None:
        return may_be_null("nothing is known of an unknown function")
    proof = _called(known, args, column, type_, place)
    if proof.not_null:
        return proof
    return _or_declared(known, args, column, place, proof)


def _called(
    function: Function, args: Args, number: int, type_: int, place: ProgramPoint
) -> Proof:
    knowledge = place.prover.knowledge
    name = function.name
    body = knowledge.definitions.bodies.get(function.oid)
    bound = _bound(body, args) if body else None
    if body is None or bound is None:
        return may_be_null(f"nothing is known of the function {name}")
    proofs = {n: place.prover.prove(arg, place) for n, arg in bound.items()}
    if function.strict and not function.returns_set:
        needed = all_of(
            proofs.values(), "", f"{name} is STRICT: it is NULL where an argument is"
        )
        if not needed.not_null:
            return needed
    # A strict function that returns a set returns no rows for a NULL argument.
    nullable = frozenset(
        n for n, proof in proofs.items() if not (proof.not_null or function.strict)
    )
    null_elements = frozenset(
        n for n, arg in bound.items() if not elements_not_null(arg, place).not_null
    )
    inner = place.prover.body(function.oid, nullable, null_elements)
    if inner is None or function.returns == _VOID:
        return may_be_null(f"the body of {name} is not followed")
    if not function.returns_set and not inner.prover.gives_row(inner):
        return may_be_null(f"{name} is NULL where its body gives no row")
    proof = _result(function, number, type_, inner)
    return proof.because(f"{name} gives what its body does")


def _or_declared(
    function: Function, args: Args, number: int, place: ProgramPoint, proof: Proof
) -> Proof:
    """Return the proof, replaced if codegen.toml declares the function not null."""
    declared = place.prover.knowledge.definitions.declared
    if function.oid not in declared:
        return proof
    columns = declared[function.oid]
    if columns is not None and number not in columns:
        return proof
    name = function.name
    if function.strict and not function.returns_set:
        return all_of(
            (place.prover.prove(arg, place) for arg in args),
            f"codegen.toml says that {name} is not NULL",
            f"{name} is STRICT: it is NULL where an argument is",
        )
    return never_null(f"codegen.toml says that {name} is not NULL")


def _bound(body: Body, args: Args) -> Mapping[int, e.Expression] | None:
    """Return the arguments of a call by number, from 1, with defaults filled in.

    Returns:
        None if an argument is missing.
    """
    inputs = body.function.body.arguments if body.function.body else 0
    bound: dict[int, e.Expression] = {}
    for place, arg in enumerate(args, start=1):
        if isinstance(arg, e.NamedArgExpr):
            bound[arg.number + 1] = arg.arg
        else:
            bound[place] = arg
    for number, default in enumerate(
        body.defaults, start=inputs - len(body.defaults) + 1
    ):
        bound.setdefault(number, default)
    return bound if bound.keys() == set(range(1, inputs + 1)) else None


def _result(function: Function, number: int, type_: int, inner: ProgramPoint) -> Proof:
    """Return the proof for a column of a body's rows; 0 stands for the only column."""
    knowledge = inner.prover.knowledge
    results = inner.query.results
    composite = knowledge.catalog.types.get(function.returns)
    if number and isinstance(composite, CompositeType):
        given = expression_type(results[0].expression) if len(results) == 1 else 0
        if given == composite.oid:
            return _field(results[0], number, type_, inner)
        numbers = [field.number for field in composite.fields]
        number = numbers.index(number) + 1 if number in numbers else 0
    elif not number:
        number = 1 if len(results) == 1 else 0
    if not 0 < number <= len(results):
        return may_be_null("the body's columns are not those of the result")
    target = results[number - 1]
    if not _is_assignable(expression_type(target.expression), type_, knowledge):
        return may_be_null("the cast to the type of the result can give NULL")
    return inner.prover.output(inner, target.number)


def _field(target: TargetEntry, number: int, type_: int, inner: ProgramPoint) -> Proof:
    if inner.query.set_operations is not None:
        return may_be_null("a field of a composite can be NULL")
    return inner.prover.prove(
        e.FieldSelect(arg=target.expression, field=number, type=type_), inner
    )


def _is_assignable(given: int, wanted: int, knowledge: ProofContext) -> bool:
    """Return True if converting a value from one type to another never gives NULL."""
    given, wanted = _base(given, knowledge), _base(wanted, knowledge)
    return given == wanted != 0 or any({given, wanted} <= kind for kind in _ASSIGNABLE)


def _base(oid: int, knowledge: ProofContext) -> int:
    found = knowledge.catalog.types.get(oid)
    while isinstance(found, DomainType):
        found = found.base
    return found.oid if found else oid
