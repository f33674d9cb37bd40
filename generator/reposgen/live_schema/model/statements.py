"""Data types for statements and the server's descriptions of them."""

from __future__ import annotations

from dataclasses import field

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Statement for the server to describe.

    Attributes:
        sql: one statement with `$n` for its parameters.
        parameter_oids: type oids of $1, $2 …; 0 or missing if the server infers the
            type.
    """

    sql: str
    parameter_oids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultColumn:
    """Column of a statement's result, as Describe returns it.

    Attributes:
        type_oid: oid of its type; for a domain, that of the base type, since the
            protocol resolves domains.
        table_oid: oid of the table whose column it is unchanged, else 0.
        column_number: `attnum` in that table, else 0.
    """

    name: str
    type_oid: int
    type_modifier: int
    table_oid: int
    column_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Server's description of a statement.

    Attributes:
        parameter_oids: type oids of $1, $2 …
        columns: result columns; empty for a statement that returns no rows.
        returns_rows: True if there is a result, which can have no columns.
        tree: text of the analysed, rewritten query tree; None if the server did not
            send it.
    """

    parameter_oids: tuple[int, ...]
    columns: tuple[ResultColumn, ...]
    returns_rows: bool
    tree: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """Server's error for a statement, with its position.

    Attributes:
        position: character offset into the submitted text, from 0, or None.
        parameter: the n of `$n` if the message is about a parameter's type, else None.
    """

    sqlstate: str
    message: str
    position: int | None
    hint: str | None = None
    detail: str | None = None
    parameter: int | None = None


Description = Described | ServerError
