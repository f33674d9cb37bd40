"""What the stage finds out: about tenants and shards."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.diagnostics import Diagnostic


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
