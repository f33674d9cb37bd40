"""Arguments and results of each command's methods, in both flavors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.model import Column
from reposgen.config.model import Api
from reposgen.live_schema.model import BaseType
from reposgen.models import dataclass
from reposgen.python_model.model.elements import Option
from reposgen.python_model.model.pytype import (
    PAGE,
    Generic,
    Named,
    Nothing,
    Symbol,
    Union,
    builtin,
    nullable,
    runtime,
)
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reposgen.analysis.model import TypedQuery
    from reposgen.python_model.model.pytype import PyType

INT = Named(builtin("int"))
STR = Named(builtin("str"))
COMMAND_RESULT = Named(runtime("CommandResult"))
LIST = builtin("list")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFlavor:
    """Asynchronous or synchronous code.

    Attributes:
        runtime: the module of the runner.
        awaits: True if calls are awaited.
    """

    api: Api
    runtime: str
    awaits: bool

    def rows(self, row: PyType) -> PyType:
        """Return the type of a batch's or COPY's rows argument."""
        iterable = Generic(_abc("Iterable"), (row,))
        if not self.awaits:
            return iterable
        return Union((iterable, Generic(_abc("AsyncIterable"), (row,))))

    def export(self) -> PyType:
        """Return the type of a COPY of a query's rows."""
        return Named(runtime("Export", f"{self.runtime}.protocols"))

    def listener(self, event: PyType) -> PyType:
        """Return the type of a listener for a channel."""
        return Generic(runtime("Listener", f"{self.runtime}.protocols"), (event,))

    def stream(self, row: PyType) -> PyType:
        """Return the type of a stream of rows."""
        return Generic(runtime("Stream", f"{self.runtime}.protocols"), (row,))


ASYNC = ApiFlavor(api=Api.ASYNC, runtime="runtime.aio", awaits=True)
SYNC = ApiFlavor(api=Api.SYNC, runtime="runtime.sync", awaits=False)
FLAVORS: Mapping[Api, ApiFlavor] = {Api.ASYNC: ASYNC, Api.SYNC: SYNC}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How methods of a command are called.

    Attributes:
        run: the runner's method.
        returns: returns the method's result type, given a row's type.
        gives_rows: True if the statement's results are read.
        takes_rows: True if the arguments are an iterable of rows.
        options: options of the method.
        streams: True if the call itself is not awaited.
        is_later: True if the arguments are one row that is buffered.
        needs_row: True if a statement without a row is an error.
        takes_one: True if a statement with several rows is an error.
    """

    run: str
    returns: Callable[[PyType, ApiFlavor], PyType]
    gives_rows: bool = False
    takes_rows: bool = False
    options: tuple[Option, ...] = ()
    streams: bool = False
    is_later: bool = False
    needs_row: bool = False
    takes_one: bool = False


def _list(row: PyType) -> PyType:
    return Generic(LIST, (row,))


def _copy_to(formats: str) -> Call:
    return Call(
        run="copy_to",
        returns=lambda _row, flavor: flavor.export(),
        streams=True,
        options=(
            Option(
                name="copy_format",
                type=Named(runtime(formats, "runtime.copy_commands")),
                default='"csv"',
            ),
            Option(name="header", type=Named(builtin("bool")), default="True"),
        ),
    )


CALLS: Mapping[Command, Call] = {
    Command.ONE: Call(
        run="one",
        returns=lambda row, _: row,
        gives_rows=True,
        needs_row=True,
        takes_one=True,
    ),
    Command.OPT: Call(
        run="opt",
        returns=lambda row, _: nullable(row),
        gives_rows=True,
        takes_one=True,
    ),
    Command.MANY: Call(run="many", returns=lambda row, _: _list(row), gives_rows=True),
    Command.STREAM: Call(
        run="stream",
        returns=lambda row, flavor: flavor.stream(row),
        gives_rows=True,
        streams=True,
    ),
    Command.PAGE: Call(
        run="page",
        returns=lambda row, _: Generic(PAGE, (row,)),
        gives_rows=True,
        options=(
            Option(name="limit", type=INT, default="50"),
            Option(name="after", type=nullable(STR), default="None"),
            Option(name="before", type=nullable(STR), default="None"),
            Option(name="total", type=Named(builtin("bool")), default="False"),
        ),
    ),
    Command.LISTEN: Call(
        run="listen",
        returns=lambda event, flavor: flavor.listener(event),
        gives_rows=True,
        streams=True,
    ),
    Command.EXEC: Call(run="exec", returns=lambda _row, _: Nothing()),
    Command.EXECROWS: Call(run="execrows", returns=lambda _row, _: INT),
    Command.EXECRESULT: Call(run="execresult", returns=lambda _row, _: COMMAND_RESULT),
    Command.EXECLASTID: Call(
        run="execlastid",
        returns=lambda row, _: row,
        gives_rows=True,
        needs_row=True,
        takes_one=True,
    ),
    Command.COPYFROM: Call(
        run="copy_from", returns=lambda _row, _: INT, takes_rows=True
    ),
    Command.COPYTO: _copy_to("CopyFormat"),
    Command.BATCHEXEC: Call(
        run="batch_exec", returns=lambda _row, _: _list(INT), takes_rows=True
    ),
    Command.BATCHONE: Call(
        run="batch_one",
        returns=lambda row, _: _list(row),
        gives_rows=True,
        takes_rows=True,
        needs_row=True,
        takes_one=True,
    ),
    Command.BATCHMANY: Call(
        run="batch_many",
        returns=lambda row, _: _list(_list(row)),
        gives_rows=True,
        takes_rows=True,
    ),
}

_FIRST_CALLS: Mapping[Command, Call] = {
    Command.ONE: replace(CALLS[Command.ONE], run="first"),
    Command.BATCHONE: replace(CALLS[Command.BATCHONE], run="batch_first"),
}
_COPY_RETURNING = Call(
    run="copy_returning",
    returns=lambda row, _: _list(row),
    gives_rows=True,
    takes_rows=True,
)
_BUFFER = Call(run="buffer", returns=lambda _row, _: Nothing(), is_later=True)
_BUFFER_OR_DROP = Call(
    run="buffer", returns=lambda _row, _: Named(builtin("bool")), is_later=True
)
_COPY_LINES = _copy_to("LinesFormat")
# Values of these are text that makes sense on a line of its own.
_LINE_TYPES = frozenset({"json", "jsonb", "text"})


def call_of(typed: TypedQuery) -> Call:
    """Return how a query is called."""
    if typed.buffer is not None:
        return _BUFFER_OR_DROP if typed.buffer.drops else _BUFFER
    if typed.takes_first:
        return _FIRST_CALLS[typed.command]
    match typed.command, typed.results:
        case Command.COPYFROM, (_, *_):
            return _COPY_RETURNING
        case Command.COPYTO, _ if is_line(typed):
            return _COPY_LINES
        case _:
            return CALLS[typed.command]


def is_line(typed: TypedQuery) -> bool:
    """Return True if each row of an export is a single value that needs no format."""
    match typed.results:
        case (Column(type=BaseType(schema="pg_catalog", name=name)),):
            return typed.command is Command.COPYTO and name in _LINE_TYPES
        case _:
            return False


def _abc(name: str) -> Symbol:
    return Symbol(module="collections.abc", name=name)
