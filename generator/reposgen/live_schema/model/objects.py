"""Names of the objects of a database."""

from __future__ import annotations

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaObject:
    """An object of a schema: `column public.tasks.title`.

    Attributes:
        schema: that it is in; empty for an extension.
        name: qualified and quoted; of a part of a table, with the table's name.
    """

    schema: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
