"""An exception class for each constraint of the schema."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reposgen.live_schema.model import ConstraintKind
from reposgen.python_model.model.elements import ConstraintError
from reposgen.python_model.model.pytype import Symbol, runtime
from reposgen.python_model.names import class_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.live_schema.model import Catalog, Constraint, Relation
    from reposgen.python_model.choices import Choices
    from reposgen.python_model.names import Namespace

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
    catalog: Catalog, choices: Choices, namespace: Namespace, module: str
) -> tuple[ConstraintError, ...]:
    """One class per constraint that an error of the server's can name.

    That a NOT NULL was violated the server tells by table and column only: what it
    raises is the run time's own NotNullMissing.
    """
    named = tuple(_named(catalog))
    shared = Counter((r.schema, c.name) for r, c in named)
    errors = []
    for relation, constraint in named:
        words = constraint.name
        if shared[relation.schema, constraint.name] > 1:
            words = f"{relation.name}_{words}"
        if relation.schema not in catalog.search_path:
            words = f"{relation.schema}_{words}"
        path = (relation.schema, relation.name, constraint.name)
        wish = choices.renamed(*path) or f"{class_name(words)}Violation"
        errors.append(
            ConstraintError(
                symbol=Symbol(
                    module=module, name=namespace.claim(wish), generated=True
                ),
                base=runtime(BASES[constraint.kind], "runtime.errors"),
                doc=f"{constraint.definition} on {relation.qualified_name}.",
                schema=relation.schema,
                table=relation.name,
                constraint=constraint.name,
            )
        )
    return tuple(errors)


def _named(catalog: Catalog) -> Iterator[tuple[Relation, Constraint]]:
    own = (r for r in catalog.relations.values() if r.schema not in SYSTEM_SCHEMAS)
    for relation in sorted(own, key=lambda r: (r.schema, r.name)):
        for constraint in sorted(relation.constraints, key=lambda c: c.name):
            if constraint.kind in BASES:
                yield relation, constraint
