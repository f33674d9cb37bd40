"""What the stage finds out: about tenants, shards and changes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reposgen.diagnostics import Diagnostic, Span


class Routing(StrEnum):
    """Where a statement runs if tables are distributed by the tenant's column.

    Attributes:
        SHARD: on the one node that holds the tenant's rows.
        REFERENCE: likewise, if the other tables it uses are on every node.
        ANYWHERE: on any node: it uses no table that has the column.
        CROSSES: on several nodes, or it is not known on which.
    """

    SHARD = "one shard"
    REFERENCE = "one shard, with reference tables"
    ANYWHERE = "any node"
    CROSSES = "crosses shards"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantVerdict:
    """Whether one query keeps to one tenant.

    Attributes:
        file: the path of the query file.
        query: the name after `-- name:`.
        tenant: what names the tenant: `@tenant_id`, or `the setting app.tenant_id`;
            None unless that is proved.
        waiver: the reason on the `@across-tenants` line, or None.
        others: qualified names of the tables it uses that do not have the column.
        triggers: those that its writes fire. What they do is not part of the proof.
    """

    file: str
    query: str
    proved: bool
    routing: Routing
    tenant: str | None = None
    waiver: str | None = None
    others: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """The verdicts on all queries of a package.

    Attributes:
        column: that tells the tenant of a row.
        verdicts: in the order of files and of queries in them.
        schema: what stands in the way of distributing the tables by the column.
        diagnostics: the refusals, by file and place.
    """

    column: str
    verdicts: tuple[TenantVerdict, ...]
    schema: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


class Direction(StrEnum):
    """Which code runs on which schema between the two steps of a release."""

    OLD_CODE = "old code on the new schema"
    NEW_CODE = "new code on the old schema"


class EffectKind(StrEnum):
    """What becomes of a method.

    Attributes:
        BREAKS: each call fails, or a call that does what the method is for.
        TYPES: some values cannot be read or written.
        NULLABILITY: a value can be None that is declared not to be.
        ROWS: another number of rows, or other rows.
        ERRORS: another constraint can refuse it.
        PLAN: the server runs it by another plan.
        UNKNOWN: a function or trigger that it calls does something else, or can fail.
    """

    BREAKS = "breaks"
    TYPES = "types"
    NULLABILITY = "nullability"
    ROWS = "rows"
    ERRORS = "errors"
    PLAN = "plan"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change of the schema does to one method.

    Attributes:
        query: the name after `-- name:`.
        method: the name of the method.
        message: what happens, in one sentence.
        span: the query, or the part of it that the message is about.
        hint: how to fix it.
        is_note: the method is not affected by it.
        lasts: the new code has the same plan on the new schema, so that no order of the
            release avoids it.
    """

    direction: Direction
    kind: EffectKind
    file: str
    query: str
    method: str
    message: str
    span: Span | None
    hint: str | None = None
    is_note: bool = False
    lasts: bool = False

    @property
    def decides_order(self) -> bool:
        """Whether the code must not run on that schema.

        A constraint that is added refuses what the release means to refuse.
        """
        return not (self.kind is EffectKind.ERRORS or self.is_note or self.lasts)


class ReleaseOrder(StrEnum):
    """The order in which the migration and the code may go out."""

    ANY = "any order"
    MIGRATE_FIRST = "migrate first"
    DEPLOY_FIRST = "deploy first"
    TWO_STEPS = "needs two steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageImpact:
    """What a change does to the methods of a package.

    Attributes:
        methods: how many methods the old code has.
        needs: what the new code needs and the old schema lacks, such as
            `column public.tasks.size`.
        keeps: what the old code uses and the new schema lacks.
        obstacle: why its queries are not planned, though sizes are configured; or None.
    """

    package: str
    methods: int
    effects: tuple[Effect, ...]
    needs: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    obstacle: Diagnostic | None = None


def release_order(effects: Iterable[Effect]) -> ReleaseOrder:
    """Return the order in which nothing breaks in between."""
    directions = {one.direction for one in effects if one.decides_order}
    match (Direction.OLD_CODE in directions, Direction.NEW_CODE in directions):
        case (False, False):
            return ReleaseOrder.ANY
        case (False, True):
            return ReleaseOrder.MIGRATE_FIRST
        case (True, False):
            return ReleaseOrder.DEPLOY_FIRST
        case _:
            return ReleaseOrder.TWO_STEPS


def release_steps(
    order: ReleaseOrder, needs: Sequence[str], keeps: Sequence[str]
) -> tuple[str, ...]:
    """Return the steps of a release, in order.

    Args:
        order: the verdict.
        needs: what the new code needs and the old schema lacks.
        keeps: what the old code uses and the new schema lacks.
    """
    match order:
        case ReleaseOrder.ANY:
            return ()
        case ReleaseOrder.MIGRATE_FIRST:
            return ("apply the migration", "deploy the code")
        case ReleaseOrder.DEPLOY_FIRST:
            return ("deploy the code", "apply the migration")
        case _:
            added = ", ".join(needs) or "what the new code needs"
            kept = ", ".join(keeps) or "what the old code uses"
            return (
                f"apply a migration that adds {added}, and keeps {kept}",
                "deploy the code",
                f"apply a migration that removes {kept}",
            )
