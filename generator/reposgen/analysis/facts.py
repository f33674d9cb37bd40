"""What a query uses of the schema, and what is proved of it rests on."""

from __future__ import annotations

from enum import StrEnum

from reposgen.models import dataclass


class FactKind(StrEnum):
    """A kind of fact that a proof rests on."""

    NOT_NULL = "not-null"
    FOREIGN_KEY = "foreign-key"
    UNIQUE = "unique"
    UNIQUE_INDEX = "unique-index"
    # The unique index that an ON CONFLICT means.
    CONFLICT = "conflict"
    CONFLICT_INDEX = "conflict-index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact of the schema that a proof about a query rests on.

    Attributes:
        relation: oid of the table.
        names: of the column, the foreign key or the index; of UNIQUE and CONFLICT, the
            columns of any index.
    """

    kind: FactKind
    relation: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationUse:
    """The columns of a table or view that a query uses, by name.

    Attributes:
        relation: its oid.
        inserted: those that an INSERT gives; None if nothing is inserted.
    """

    relation: int
    read: tuple[str, ...]
    inserted: tuple[str, ...] | None
    updated: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """What a query uses of the schema.

    Attributes:
        relations: tables and views, those behind views included.
        functions: oids of functions that are not built in.
        facts: what the proofs about the query rest on.
        is_command: it is a command such as TRUNCATE: when the server describes it, it
            does not look for its tables.
        is_unknown: the server does not tell what it uses.
    """

    relations: tuple[RelationUse, ...] = ()
    functions: tuple[int, ...] = ()
    facts: tuple[Fact, ...] = ()
    is_command: bool = False
    is_unknown: bool = False
