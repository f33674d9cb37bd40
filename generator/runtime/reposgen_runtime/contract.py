"""What a package expects of its database's schema.

Only `Database.open(…, verify=…)` loads this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from .catalog import unquoted
from .errors import SchemaChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .statement import Package

_WORD: Final = re.compile(r'(?:"(?:[^"]|"")*"|[^\s"])+')


class FindingKind(StrEnum):
    """What a change of the schema means for a method."""

    BREAKS = "breaks"
    TYPES = "types"
    NULLABILITY = "nullability"
    ROWS = "rows"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Finding:
    """A method that does not fit the live schema.

    Attributes:
        method: `tasks.get_task`.
        message: what is different, and what comes of it.
    """

    method: str
    kind: FindingKind
    message: str

    def __str__(self) -> str:
        return f"{self.method}: {self.message}"

    def document(self) -> dict[str, str | None]:
        """Return it in the form of `reposgen findings-schema`."""
        is_error = self.kind is FindingKind.BREAKS
        return {
            "severity": "error" if is_error else "warning",
            "file": None,
            "line": None,
            "column": None,
            "code": f"impact-{self.kind}",
            "message": self.message,
            "hint": None,
            "method": self.method,
            "kind": self.kind.value,
        }


class ContractBroken(SchemaChanged):
    """Methods do not fit the schema of the database that was opened.

    Attributes:
        findings: the methods, and what is different.
    """

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class Use(NamedTuple):
    """Something of the schema that a method uses.

    Attributes:
        kind: `insert`, `not-null`: what for.
        name: of the relation or function: `public.tasks`.
        parts: columns, a constraint or an index of it.
    """

    kind: str
    name: str
    parts: frozenset[str]

    @classmethod
    def read(cls, text: str) -> Use:
        """Return what a line of a contract says: `insert public.tasks id title`."""
        kind, name, *parts = _WORD.findall(text)
        return cls(kind, name, frozenset(map(unquoted, parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the methods of a package use of the schema.

    Names of relations are spelled as those of types: `public.tasks`.

    Attributes:
        search_path: the schemas that unqualified names were found in.
        relations: the columns of tables and views: `int4 not null default`.
        constraints: their constraints and unique indexes, and what each is:
            `unique (id)`.
        views: the relations that are views.
        row_security: the tables that have row-level security.
        domains: the type that each is over.
        functions: what the functions of each name return.
        methods: what each method uses: see `Use.read`.
    """

    search_path: tuple[str, ...] = ()
    relations: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, "Mapping[str, str]"]
    )
    constraints: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, "Mapping[str, str]"]
    )
    views: tuple[str, ...] = ()
    row_security: tuple[str, ...] = ()
    domains: Mapping[str, str] = field(default_factory=dict[str, str])
    functions: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )
    methods: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )

    def text(self, name: str, spell: Callable[[str], str] = str) -> str:
        """Return what a query makes of a relation that is as expected.

        Args:
            name: of the relation.
            spell: how the query spells a column's type and facts.
        """
        facts, constraints = self.relations[name], self.constraints.get(name, {})
        lines = [f"{column} {spell(fact)}" for column, fact in facts.items()]
        named = "\n".join(f"{one} {what}" for one, what in constraints.items())
        secured = " row security" if name in self.row_security else ""
        return "\n".join((*lines, named)) + secured


def summary(package: Package, findings: Sequence[Finding]) -> str:
    """Return what is said of methods that do not fit, a line for each of them."""
    methods = len({one.method for one in findings})
    lines = "\n".join(f"  {one} [{one.kind}]" for one in findings)
    return (
        f"{methods} methods of package {package.name} do not fit the schema of the"
        f" database:\n{lines}"
    )
