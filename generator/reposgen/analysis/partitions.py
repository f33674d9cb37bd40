"""Check that a partitioned table has a partition for every row."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reposgen.live_schema.model import Catalog, Relation

_HASH = re.compile(r"modulus (\d+)")


def has_gap(relation: Relation, catalog: Catalog) -> bool:
    """Return True if a row can be without a partition.

    A DEFAULT partition takes the rows that no other partition takes. Hash partitions
    cover all rows if there is a partition for each remainder.
    """
    if not relation.partition_strategy:
        return False
    parts = [
        one
        for one in catalog.descendants.get(relation.oid, ())
        if relation.oid in one.parents
    ]
    bounds = [one.partition_bound or "" for one in parts]
    if relation.partition_strategy == "h":
        shares = (
            Fraction(1, int(found[1])) for found in map(_HASH.search, bounds) if found
        )
        covered = sum(shares) == 1
    else:
        covered = "DEFAULT" in bounds
    return not covered or any(has_gap(one, catalog) for one in parts)
