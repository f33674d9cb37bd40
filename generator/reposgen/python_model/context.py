"""Data that all queries of a package share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import Symbol
from reposgen.python_model.names import class_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.live_schema.model import Catalog
    from reposgen.python_model.caching import CachePlan
    from reposgen.python_model.names import Namespace
    from reposgen.python_model.naming import NamingConfig
    from reposgen.python_model.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Data that all queries of a package share.

    Attributes:
        classes: names of the classes in each module of queries, by its path in the
            output, including those that the whole package shares.
        violations: exception of each constraint, by schema, table or domain, and name.
        caching: caching attributes of the statements.
    """

    catalog: Catalog
    registry: Registry
    naming: NamingConfig
    classes: Mapping[str, Namespace]
    violations: Mapping[tuple[str, str, str], Symbol]
    caching: CachePlan

    def claim_class(self, name: str, beside: Symbol) -> Symbol:
        """Claim a class name in the module of `beside`."""
        return Symbol(
            module=beside.module,
            name=self.classes[beside.module].claim(class_name(name)),
            generated=True,
        )
