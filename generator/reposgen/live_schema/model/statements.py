"""Statements that are sent to the server, and its descriptions of them."""

from __future__ import annotations

from dataclasses import field

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement for the server to describe.

    Attributes:
        sql: one statement, its parameters as `$n`.
        parameter_oids: types of $1, $2 … that the server shall take as given; 0 or
            missing where it shall tell.
    """

    sql: str
    parameter_oids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultColumn:
    """A column of a statement's result, as Describe gives it.

    Attributes:
        type_oid: of a domain the base type's, since the protocol resolves domains.
        table_oid: of the column it comes from unchanged, else 0.
        column_number: `attnum` there, else 0.
    """

    name: str
    type_oid: int
    type_modifier: int
    table_oid: int
    column_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The server's description of a statement.

    Attributes:
        parameter_oids: of $1, $2 …
        columns: empty for a statement that returns no rows.
        returns_rows: tells a result without columns from none at all.
        tree: the analysed, rewritten query tree as text, or None where the server
            does not send it.
    """

    parameter_oids: tuple[int, ...]
    columns: tuple[ResultColumn, ...]
    returns_rows: bool
    tree: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """The server's error for a statement, with its position.

    Attributes:
        position: character offset into the submitted text, from 0, or None.
        parameter: the n of `$n` where the message is about a parameter's type.
    """

    sqlstate: str
    message: str
    position: int | None
    hint: str | None = None
    detail: str | None = None
    parameter: int | None = None


Description = Described | ServerError
