"""Everything that the analysis says of queries, as text to compare and to read."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reposgen.analysis.facts import Fact, RelationUse
from reposgen.analysis.model import Column, JsonScalar, Parameter
from reposgen.config import load_config
from reposgen.diagnostics import Diagnostic, Span
from reposgen.live_schema.model import Constraint, DomainCheck, Relation
from reposgen.python_model.names import Namespace
from reposgen.python_model.naming import read_naming
from reposgen.python_model.violations import constraint_errors
from reposgen.sql_source.model import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.live_schema.model import Catalog
    from reposgen.python_model.model.elements import ConstraintError

_CONFIG: Final = Path(__file__).with_name("codegen.toml")


def claims(analysis: Analysis) -> str:
    """Return what is claimed of each query, and what is said to the user."""
    config = load_config(_CONFIG, environ={}).packages[0]
    naming, _ = read_naming(config, analysis)

    def errors(queries: Iterable[TypedQuery]) -> tuple[ConstraintError, ...]:
        taken = Namespace(set())
        return constraint_errors(analysis, [*queries], naming, taken, "errors")

    shown = _Shown(analysis.catalog)
    lines = []
    queries = [query for several in analysis.files.values() for query in several]
    for query in queries:
        lines += [f"== {query.name} :{query.command.value}", *shown.attributes(query)]
        names = sorted(error.symbol.name for error in errors([query]))
        lines += [f"errors: {', '.join(names)}"] if names else []
        lines.append("")
    lines += ["== diagnostics", *map(shown.of, analysis.diagnostics), ""]
    lines += ["== errors"]
    lines += [
        f"{error.base.name} {error.symbol.name}: {error.doc} {error.keys}"
        for error in errors(queries)
    ]
    return "\n".join(lines) + "\n"


class _Shown:
    """Values as text, without what is the default or says nothing about a query."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def attributes(self, query: TypedQuery) -> Iterator[str]:
        """Yield a line for each attribute, or one for each of its entries."""
        for name, value in self._stated(query).items():
            if name in {"method", "command", "doc", "diagnostics"}:
                continue
            if isinstance(value, tuple):
                yield from (f"{name}: {self.of(one)}" for one in value)
            else:
                yield f"{name}: {self.of(value)}"

    def of(self, value: Any) -> str:  # noqa: ANN401, PLR0911 -- attributes of every type
        """Return a value as text."""
        match value:
            case Enum():
                return str(value.value)
            case Relation():
                return value.qualified_name
            case Constraint() | DomainCheck():
                return value.name
            case Span():
                return f"{value.line}:{value.column}"
            case Diagnostic(span=span):
                place = self.of(span) if span else ""
                hint = f" ({value.hint})" if value.hint else ""
                severity = value.severity.value
                return f"{place} {severity} {value.code}: {value.message}{hint}"
            case tuple() | frozenset():
                entries = sorted(value) if isinstance(value, frozenset) else value
                return f"({', '.join(map(self.of, entries))})"
            case _ if hasattr(value, "sql") and hasattr(value, "oid"):
                return str(value.sql)
            case _ if is_dataclass(value):
                stated = self._stated(value)
                inside = " ".join(f"{k}={self.of(v)}" for k, v in stated.items())
                return f"{type(value).__name__}({inside})"
            case _:
                return repr(value)

    def _stated(self, value: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- any model
        """Return the fields that differ from their defaults."""
        found = {}
        for field in fields(value):
            stated = getattr(value, field.name)
            if isinstance(stated, Query) or (field.name == "span"):
                continue
            default = field.default
            if field.name != "nullable" and stated in (None, False, ()):
                continue
            if default is MISSING or stated != default:
                found[field.name] = self._named(value, field.name, stated)
        return found

    def _named(self, owner: object, name: str, value: Any) -> Any:  # noqa: ANN401 -- as above
        """Return the names of what is given by its oid."""
        match owner, name:
            case ((Fact() | RelationUse()), "relation"):
                return self._catalog.relations[value]
            case ((Column() | JsonScalar()), "table") if value:
                return self._column(value)
            case Parameter(), "column" if value:
                return self._column(value)
            case _, "functions":
                return tuple(self._catalog.functions[f].qualified_name for f in value)
            case _:
                return value

    def _column(self, place: tuple[int, int]) -> str:
        relation = self._catalog.relations[place[0]]
        column = relation.column(place[1])
        return f"{relation.name}.{column.name if column else place[1]}"
