# Derived from ../aio/test_unstorable_text.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: ANN401 -- calls of all kinds are passed on
"""Text that PostgreSQL cannot store is refused with the argument's name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from tests.runtime.rows import staged
from tests.runtime.shop import Address, Device

from reposgen_runtime import CopyInto, Statement
from reposgen_runtime.errors import CheckFailed, DataRejected, InvalidText

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.sync.repositories import Database

    from reposgen_runtime.sync import Runner

_ADDRESS: Final = Address("Elm\0Street", "1", None, None, None, None)
_DEVICE: Final = Device("08:00:2b:01:02:03", "a\0b", None, None, None)
UNSTORABLE: Final[tuple[tuple[str, Any], ...]] = (
    ("text", "Elm\0"),
    ("varchar", "\0"),
    ("bpchar", "a\0"),
    ("public.email", "a\0@b"),
    ("text[]", ["a", "\0"]),
    ("public.email[]", ["a\0@b"]),
    ("public.address", _ADDRESS),
    ("public.address[]", [_ADDRESS]),
    ("public.device", _DEVICE),
    ("public.device[]", [_DEVICE]),
    ("public.device", replace(_DEVICE, label="", note={"a": ["\0"]})),
    ("jsonb", {"a": ["Elm\0"]}),
    ("jsonb", {"\0": 1}),
    ("jsonb", ["\ud800"]),
    ("jsonb[]", [1, {"a": "\0"}]),
    ("jsonb[]", ["\udfff"]),
    ("text", "\ud800"),
    ("macaddr", "\0"),
)


@dataclass(slots=True)
class Item:
    number: int
    value: Any


def echo(type_name: str, *, batch: bool = False) -> Statement[Any]:
    """A statement that gives its arguments back, or those of each item."""
    names = ("number", "value")
    return Statement(
        "echo",
        "SELECT $1, $2",
        parameters=("int4", type_name),
        results=("int4", type_name),
        row=lambda *row: row,
        read_only=True,
        fields=names if batch else (),
        arguments=() if batch else names,
    )


def refuses(call: Callable[..., Any], *arguments: Any, item: int | None = None) -> None:
    with pytest.raises(InvalidText) as caught:
        call(*arguments)
    error = caught.value
    assert (error.argument, error.item) == ("value", item)
    text = str(error)
    assert error.query is not None
    assert text.startswith(f"{error.query}: value holds ")
    assert "Elm" not in text


def streamed(run: Runner, *arguments: Any) -> None:
    for _ in run.stream(*arguments):
        pass


def exported(run: Runner, *arguments: Any) -> None:
    for _ in run.copy_to(*arguments):
        pass


def in_transaction(db: Database, call: Callable[..., Any], *arguments: Any) -> None:
    with db.transaction():
        call(*arguments)


def in_pipeline(db: Database, call: Any, *arguments: Any) -> None:
    with db.pipeline() as pipeline:
        pipeline.add(db.tasks.count)
        pipeline.add(call, *arguments)


def test_calls(db: Database, run: Runner) -> None:
    for type_name, value in UNSTORABLE:
        statement, values = echo(type_name), (1, value)
        for call in (run.one, run.many):
            refuses(call, statement, values)
            refuses(in_transaction, db, call, statement, values)
            refuses(in_pipeline, db, call, statement, values)
        for reading in (streamed, exported):
            refuses(reading, run, statement, values)
            refuses(in_transaction, db, reading, run, statement, values)
        whole = [Item(1, None), Item(2, value), Item(3, None)]
        refuses(run.batch_many, echo(type_name, batch=True), whole, item=1)
        # What was refused left the connections in order.
        assert run.one(statement, (1, None)) == (1, None)


def test_rows(conninfo: str, run: Runner) -> None:
    names = [f"column_{place}" for place, _ in enumerate(UNSTORABLE)]
    columns = [
        f"{name} {type_name}"
        for name, (type_name, _) in zip(names, UNSTORABLE, strict=True)
    ]
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute("DROP TABLE IF EXISTS unstorable")
        admin.execute(
            f"CREATE TABLE unstorable (number int, {', '.join(columns)})".encode()
        )
    for name, (type_name, value) in zip(names, UNSTORABLE, strict=True):
        whole = [Item(1, None), Item(2, value), Item(3, None)]
        into = Statement[Any](
            "into",
            f"INSERT INTO unstorable (number, {name}) VALUES ($1, $2)",
            parameters=("int4", type_name),
            fields=("number", "value"),
            copy=CopyInto('"unstorable"', ('"number"', f'"{name}"')),
        )
        refuses(run.copy_from, into, whole, item=1)
        through = staged(
            f"INSERT INTO unstorable (number, {name})"
            " SELECT number, value FROM staged RETURNING number",
            ('"number"', '"value"'),
            ("int4", type_name),
            results=("int4",),
        )
        through.fields = ("number", "value")
        refuses(run.copy_returning, through, whole, item=1)


def test_arguments_that_the_server_cannot_read(run: Runner) -> None:
    for type_name, value, kind in (
        ("macaddr", "geheim", DataRejected),
        ("public.email", "geheim", CheckFailed),
    ):
        with pytest.raises(kind) as caught:
            run.one(echo(type_name), (1, value))
        assert caught.value.argument == "value"
        assert "geheim" not in str(caught.value)


def test_what_is_no_argument_names_none(run: Runner) -> None:
    for sql, values in (
        ("SELECT $1, convert_from('\\x00', 'UTF8') || $2", (1, "\u00e9")),
        ("SELECT $1, ($2::text)::jsonb", (1, '"\\u0000"')),
        ("SELECT $1, ($2 || '$1')::jsonb", (1, '"\\u0000" a = $1')),
    ):
        statement = Statement[Any](
            "cast",
            sql,
            parameters=("int4", "text"),
            results=("int4", "jsonb") if "jsonb" in sql else ("int4", "text"),
            row=lambda *row: row,
            arguments=("number", "value"),
            read_only=True,
        )
        with pytest.raises((InvalidText, DataRejected)) as caught:
            run.one(statement, values)
        assert caught.value.argument is None
