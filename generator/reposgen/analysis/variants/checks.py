"""Checks that a query can do without the parts that a call can leave out or choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Optimistic, OptionalKind
from reposgen.diagnostics import error, warning
from reposgen.live_schema.model import Generated, RelationKind
from reposgen.live_schema.tree.expressions import Param, Var
from reposgen.live_schema.tree.model import CommandType, Query
from reposgen.live_schema.tree.walk import conjuncts, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import Parameter
    from reposgen.analysis.variants.build import QueryVariants
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Relation, RelationColumn

_OF_PAGES = {"limit", "after", "before", "total"}


def check_names(
    variants: QueryVariants, parameters: Sequence[Parameter]
) -> Iterator[Diagnostic]:
    """Yield a warning for each parameter with the name of another method argument."""
    requests = variants.requests
    taken = {
        *(_OF_PAGES if requests.paged else ()),
        *(("sort",) if requests.sort else ()),
    }
    for parameter in parameters:
        if parameter.name in taken:
            yield warning(
                "argument-renamed",
                f"{parameter.name} is already an argument of the method:"
                f" the parameter becomes {parameter.name}_",
                span=parameter.span,
                hint="rename the parameter",
            )


def check_version(
    variants: QueryVariants,
    parameters: Sequence[Parameter],
    optimistic: Optimistic | Diagnostic | None,
) -> Iterator[Diagnostic]:
    """Yield an error if a call can leave out a condition that `@optimistic` needs."""
    if not isinstance(optimistic, Optimistic):
        return
    needed = {optimistic.version, *optimistic.numbers}
    for parameter in parameters:
        if parameter.number in needed and parameter.number in variants.optional:
            yield error(
                "optional-version",
                f"@optional {parameter.name}: @optimistic needs it to find the row",
                span=parameter.span,
                hint="remove it from the @optional line",
            )


def check_defaults(
    described: DescribedQuery,
    variants: QueryVariants,
    parameters: Sequence[Parameter],
) -> Iterator[Diagnostic]:
    """Yield an error for each column without a default that every call must set.

    Also yield a warning if EXCLUDED passes a default on to an existing row.
    """
    optional = {
        parameter.number: parameter
        for parameter in parameters
        if (kind := variants.optional.get(parameter.number)) and kind.has_default
    }
    queries = [
        node
        for node in (described.tree.nodes if described.tree and optional else ())
        if isinstance(node, Query) and node.result_relation
    ]
    for query in queries:
        relation = described.catalog.relations.get(
            query.entry(query.result_relation).relation
        )
        for number, column in dict.fromkeys(_inserted(query)):
            if relation is None or number not in optional:
                continue
            name = optional[number].name
            found = relation.column(column)
            if found and _must_be_given(found, relation):
                yield error(
                    "optional-without-default",
                    f'@optional {name}: column "{found.name}" of {relation.name} is'
                    " NOT NULL and has no DEFAULT",
                    span=optional[number].span,
                    hint=f"remove {name} from the @optional line, or give the column a"
                    " DEFAULT",
                )
            elif found and column in _taken_over(query):
                yield warning(
                    "optional-excluded",
                    f"in a call without {name}, EXCLUDED.{found.name} is the DEFAULT:"
                    " EXCLUDED is the row that was to be inserted",
                    span=optional[number].span,
                    hint=f"write @{name} in place of EXCLUDED.{found.name}: a call"
                    " without it then keeps the stored value",
                )


def _inserted(query: Query) -> Iterator[tuple[int, int]]:
    """Yield the parameters that an INSERT or MERGE inserts, with their `attnum`s."""
    inserts = [query.targets] if query.command is CommandType.INSERT else []
    inserts += [
        action.targets
        for action in query.merge_actions
        if action.command is CommandType.INSERT
    ]
    for target in (target for targets in inserts for target in targets):
        for node in walk(target.expression):
            rows: Sequence[object] = (node,)
            if isinstance(node, Var) and node.index and not node.levels_up:
                entry = query.entry(node.index)
                rows = [row[node.column - 1] for row in entry.values]
            for value in rows:
                for inner in walk(value):
                    if isinstance(inner, Param):
                        yield inner.number, target.number


def _must_be_given(column: RelationColumn, relation: Relation) -> bool:
    """Return True if every row without a value for a column is rejected."""
    return (
        relation.kind is RelationKind.TABLE
        and column.not_null
        and not column.has_default
        and column.generated is Generated.NO
        # A BEFORE trigger can set it.
        and not any(trigger.before for trigger in relation.triggers)
    )


def _taken_over(query: Query) -> frozenset[int]:
    """Return the `attnum`s of EXCLUDED that DO UPDATE reads."""
    conflict = query.on_conflict
    if conflict is None:
        return frozenset()
    return frozenset(
        node.column
        for read in (*conflict.assignments, conflict.condition)
        for node in walk(read)
        if isinstance(node, Var) and node.index == conflict.excluded
    )


def check_filters(
    described: DescribedQuery, variants: QueryVariants
) -> Iterator[Diagnostic]:
    """Yield a warning if a call can leave out all filters of an UPDATE or DELETE."""
    if (
        variants.conservative is None
        or OptionalKind.FILTER not in variants.optional.values()
    ):
        return
    # In the conservative tree, this parameter replaces each optional condition.
    doubt = 1 + len(described.description.parameter_oids)
    for query in walk(variants.conservative):
        if (
            not isinstance(query, Query)
            or query.command not in (CommandType.UPDATE, CommandType.DELETE)
            or query.join_tree is None
        ):
            continue
        found = conjuncts(query.join_tree.condition)
        if found and all(isinstance(c, Param) and c.number == doubt for c in found):
            table = query.entry(query.result_relation).name
            yield warning(
                "optional-where",
                f"a call without filters affects all rows of {table}",
                span=variants.requests.optional[0].span,
                hint="keep one parameter out of @optional; WHERE true AND … says"
                " that all rows may be meant",
            )
