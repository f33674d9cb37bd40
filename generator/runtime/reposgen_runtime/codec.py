"""Encoding of a statement's arguments and decoding of its rows, for one connection."""

from __future__ import annotations

from functools import partial
from itertools import chain, starmap
from operator import itemgetter
from struct import error as StructError  # noqa: N812 -- a class, named like one
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import Format

from .catalog import parse_name, sql_type
from .conversions import Context, display_name
from .copy_commands import literal, unquoted
from .errors import (
    InvalidArgument,
    InvalidText,
    RepositoryError,
    SchemaChanged,
    Unrepresentable,
)
from .exact_types import NoPythonValue
from .speedups import IS_USED, decoder_of, encoder_of
from .statement import CommandResult
from .translate import UNSTORABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from psycopg import abc
    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from .speedups import Decode, Encode
    from .statement import Statement
    from .types import DatabaseTypes

T = TypeVar("T")

# Time in ns that reading a value in binary saves compared with text; measured with
# psycopg's C loaders. All columns of a result have one format.
_BINARY_SAVES: Final[Mapping[str, int]] = {
    "numeric": -300,
    "jsonb": -150,
    "timestamptz": 100,
    "interval": 80,
    "inet": 1500,
    "cidr": 1500,
}
_BINARY_SAVES_ELSE: Final = 20
# A record in text does not contain its fields' types.
_ALWAYS_BINARY: Final = "record"
# Rows that are loaded at a time: short-lived objects stay in the CPU's cache, and
# Python's garbage collector visits fewer objects.
_PART: Final = 100
# Rows from which a result is long, so that the statement's next one comes in chunks.
_LONG: Final = 1000
_first: Final = itemgetter(0)
# psycopg refuses a NUL character in text format; in binary the server does.
_NUL: Final = "NUL (0x00)"
_NO_VALUE: Final = "a {} that Python cannot hold".format


class Codec(Generic[T]):
    """Encoder of one statement's arguments and decoder of its results.

    Formats and adapters are chosen once, when the codec is made.

    Attributes:
        parameter_oids: types that the statement was validated with.
        parameter_formats: format of each parameter.
        result_format: format of all result columns.
        result_oids: types of the columns; a domain is replaced by its base type.
        name: name of the prepared statement; empty while it is not prepared.
        layouts: layouts of the composite types among its values, by relation oid.
        confirms: the statement that fails if a layout has changed, and its arguments;
            None if there are no composites.
        is_apart: True if running it takes more than sending the statement.
        is_long: True if its last result had many rows.
        used: True if it was requested since the flag was last cleared.
        sql: the statement as it is sent to the server.
        suffix: comment with the statement's name that ends the statement and commands
            derived from it; can be empty.
    """

    __slots__ = (
        "_build",
        "_connection",
        "_date_style",
        "_decode",
        "_dump_oids",
        "_dumping",
        "_dumps",
        "_load_oids",
        "_loading",
        "_time_zone",
        "_tolerant",
        "_types",
        "confirms",
        "is_apart",
        "is_long",
        "layouts",
        "name",
        "parameter_formats",
        "parameter_oids",
        "result_format",
        "result_oids",
        "sql",
        "statement",
        "suffix",
        "used",
    )

    def __init__(
        self,
        statement: Statement[T],
        types: DatabaseTypes,
        connection: psycopg.BaseConnection[Any],
    ) -> None:
        self.statement = statement
        self.suffix = types.suffix(statement)
        self.sql = statement.sql.encode() + self.suffix
        self.name = b""
        self.confirms: tuple[Codec[Any], Sequence[Buffer | None]] | None = None
        self.is_apart = False
        self.is_long = False
        self.used = True
        self._types = types
        self._connection = connection
        self.parameter_oids = [types.oid(name) for name in statement.parameters]
        # Adapters are found by these oids; converted types have special oids.
        self._dump_oids = [
            types.adapter_oid(name, result=False) for name in statement.parameters
        ]
        self.parameter_formats = [
            Format.BINARY if types.sends_binary(oid) else Format.TEXT
            for oid in self._dump_oids
        ]
        context = Context(types.adapters, connection)
        self._dumps: list[Callable[[Any], Buffer | None]] = [
            types.adapters.get_dumper_by_oid(oid, format_)(NoneType, context).dump
            for oid, format_ in zip(
                self._dump_oids, self.parameter_formats, strict=True
            )
        ]
        # Encodes all arguments in one call, if they share a format.
        self._dumping: abc.Transformer | None = None
        if len({*self.parameter_formats}) == 1:
            self._dumping = Transformer(context)
            self._dumping.set_dumper_types(self._dump_oids, self.copy_format)
        self.result_oids = [types.result_oid(name) for name in statement.results]
        self._load_oids = [
            types.adapter_oid(name, result=True) for name in statement.results
        ]
        self.result_format = self._choose_format()
        self.layouts = types.layouts(
            statement.parameters,
            statement.results,
            binary=self.result_format == Format.BINARY,
        )
        self._tolerant = False
        self._prepare_loading()
        row = statement.row
        # Makes row objects from tuples.
        self._build: Callable[[Iterable[tuple[Any, ...]]], Iterable[T]] = (
            partial(map, _first) if row is None else partial(starmap, row)
        )

    def _choose_format(self) -> Format:
        if not all(map(self._types.loads_binary, self._load_oids)):
            return Format.TEXT
        names = [parse_name(name).name for name in self.statement.results]
        if _ALWAYS_BINARY in names:
            return Format.BINARY
        if IS_USED:
            return Format.BINARY
        saved = sum(_BINARY_SAVES.get(name, _BINARY_SAVES_ELSE) for name in names)
        return Format.BINARY if saved >= 0 else Format.TEXT

    def _prepare_loading(self) -> None:
        types = self._types
        adapters = types.tolerant_adapters if self._tolerant else types.adapters
        self._loading = Transformer(Context(adapters, self._connection))
        self._loading.set_loader_types(self._load_oids, self.result_format)
        self._decode: Decode | None = None
        if self.result_format == Format.BINARY:
            row = self.statement.row
            self._decode = decoder_of(self._loading, self._load_oids, row)
        # Loaders of timestamptz keep the zone that the session had when they were made.
        status = self._connection.pgconn.parameter_status
        self._time_zone = status(b"TimeZone")
        self._date_style = status(b"DateStyle")

    @property
    def reads_binary(self) -> bool:
        """True if results are requested in binary, as cursors expect it."""
        return self.result_format == Format.BINARY

    @property
    def copy_format(self) -> Format:
        """Format of COPY, which is the same for all columns."""
        binary = Format.BINARY
        return min(self.parameter_formats, default=binary)

    def copy_transformer(self) -> abc.Transformer:
        """Return a transformer that encodes the rows of a COPY."""
        transformer = Transformer(Context(self._types.adapters, self._connection))
        transformer.set_dumper_types(self._dump_oids, self.copy_format)
        return transformer

    def row_encoder(self) -> Encode | None:
        """Return a function that makes rows of a binary COPY.

        It is None if the rows need `copy_transformer`.
        """
        if self.copy_format != Format.BINARY:
            return None
        adapters = self._types.adapters
        return encoder_of(self._connection, adapters, self._dump_oids, self._dumps)

    def forget(self) -> None:
        """Mark the statement as not prepared."""
        self.name = b""

    def encode(self, values: Sequence[Any]) -> Sequence[Buffer | None]:
        """Return the arguments encoded for libpq.

        Raises:
            InvalidArgument: a value does not fit its parameter's type.
        """
        dumping = self._dumping
        try:
            # psycopg requires a value for each parameter.
            if dumping is not None and len(values) == len(self._dumps):
                return dumping.dump_sequence(values, ())
            return [
                None if value is None else dump(value)
                for dump, value in zip(self._dumps, values, strict=True)
            ]
        except Exception:  # noqa: BLE001 -- dumpers raise all kinds of them
            raise self.invalid(values) from None

    def invalid(
        self, values: Sequence[Any], *, as_text: bool = False
    ) -> InvalidArgument:
        """Return the error for values that could not be encoded.

        Args:
            values: one for each parameter.
            as_text: they were encoded as text, whatever the parameter's format is.
        """
        statement = self.statement
        query = statement.name
        dumps = self._text_dumps() if as_text else self._dumps
        for number, (value, name, dump) in enumerate(
            zip(values, statement.parameters, dumps, strict=False), 1
        ):
            try:
                if value is not None:
                    dump(value)
                continue
            except Exception as error:  # noqa: BLE001 -- as above
                kind, reason = _refusal(error, value, name)
            argument = statement.argument(number)
            return kind(
                f"{argument or f'${number}'} {reason}",
                query=query,
                column=self._column(number),
                argument=argument,
            )
        return InvalidArgument(
            f"{len(values)} values for {len(statement.parameters)} parameters",
            query=query,
        )

    def _column(self, number: int) -> str | None:
        """Return the name of the item's field that the parameter's value comes from."""
        if self.statement.fields and (name := self.statement.argument(number)):
            return name
        target = self.statement.copy
        return None if target is None else unquoted(target.columns[number - 1])

    def literals(self, values: Sequence[Any]) -> list[str]:
        """Return the arguments as SQL literals, for commands that take no parameters.

        Raises:
            InvalidArgument: a value does not fit its parameter's type.
        """
        self.encode(values)
        names = self.statement.parameters
        try:
            return [
                f"({literal(None if value is None else dump(value))})::{sql_type(name)}"
                for value, dump, name in zip(
                    values, self._text_dumps(), names, strict=True
                )
            ]
        except Exception:  # noqa: BLE001 -- as above
            raise self.invalid(values, as_text=True) from None

    def _text_dumps(self) -> list[Callable[[Any], Buffer | None]]:
        adapters = self._types.adapters
        context = Context(adapters, self._connection)
        return [
            adapters.get_dumper_by_oid(oid, Format.TEXT)(NoneType, context).dump
            for oid in self._dump_oids
        ]

    def rows(self, result: PGresult, before: int = 0) -> list[T]:
        """Return all rows of a result.

        Args:
            result: the statement's result, or a chunk of it.
            before: number of the statement's rows before this chunk.

        Raises:
            Unrepresentable: Python or the row's class cannot hold a value.
            SchemaChanged: the generated code does not know a value.
        """
        count = result.ntuples
        if count <= _PART:
            return self._rows(result, 0, count, before) if count else []
        self.is_long = count >= _LONG
        return list(chain.from_iterable(self.parts(result, before)))

    def tuples(self, result: PGresult) -> list[tuple[Any, ...]]:
        """Return the rows of a result as tuples, without building row objects.

        Raises:
            Unrepresentable: Python cannot hold a value.
            SchemaChanged: the generated code does not know a value.
        """
        zone = self._connection.pgconn.parameter_status(b"TimeZone")
        if zone != self._time_zone:
            self._prepare_loading()
        return self._load(result, 0, result.ntuples, 0) if result.ntuples else []

    def unpacked(
        self, rows: Iterable[Sequence[Buffer | None]]
    ) -> list[tuple[Any, ...]]:
        """Decode rows that were copied as bytes from a result of the statement.

        Raises:
            Exception: a value cannot be loaded; loaders raise exceptions of all
                classes.
        """
        load = self._loading.load_sequence
        return [load(row) for row in rows]

    def first(self, result: PGresult) -> list[T]:
        """Return the first row of a result in a list, empty if there is no row.

        Raises:
            Unrepresentable: Python or the row's class cannot hold a value.
            SchemaChanged: the generated code does not know a value.
        """
        return self._rows(result, 0, 1) if result.ntuples else []

    def parts(self, result: PGresult, before: int = 0) -> Iterator[list[T]]:
        """Yield the rows of a result in lists of limited length.

        Args:
            result: the statement's result, or a chunk of it.
            before: number of the statement's rows before this chunk.

        Raises:
            Unrepresentable: Python or the row's class cannot hold a value.
            SchemaChanged: the generated code does not know a value.
        """
        count = result.ntuples
        for start in range(0, count, _PART):
            yield self._rows(result, start, min(start + _PART, count), before)

    def _rows(self, result: PGresult, start: int, end: int, before: int = 0) -> list[T]:
        zone = self._connection.pgconn.parameter_status(b"TimeZone")
        if zone != self._time_zone:
            self._prepare_loading()
        if self._decode is not None:
            made = self._decode(result, start, end)
            if made is not None:
                return made
        rows = self._load(result, start, end, before)
        try:
            return list(self._build(rows))
        except Exception as error:  # noqa: BLE001 -- a class may raise all kinds of them
            raise self._refused(error, rows, before + start) from None

    def _load(
        self, result: PGresult, start: int, end: int, before: int
    ) -> list[tuple[Any, ...]]:
        loading = self._loading
        loading.set_pgresult(result, set_loaders=False)
        try:
            return loading.load_rows(start, end, tuple)
        except Exception as error:  # noqa: BLE001 -- loaders raise all kinds of them
            style = self._connection.pgconn.parameter_status(b"DateStyle")
            is_final = self._tolerant and style == self._date_style
            if is_final or isinstance(error, SchemaChanged):
                raise self._unreadable(error, result, start, end, before) from None
        finally:
            # The transformer would keep the whole result alive until the next one.
            loading.set_pgresult(None, set_loaders=False)
        # Usually an infinite date. Such dates are rare, so a second attempt is
        # acceptable.
        self._tolerant = True
        self._prepare_loading()
        return self._load(result, start, end, before)

    def _unreadable(
        self, error: Exception, result: PGresult, start: int, end: int, before: int
    ) -> RepositoryError:
        """Return the error for rows of which one value cannot be loaded."""
        adapters = self._types.tolerant_adapters
        context = Context(adapters, self._connection)
        for column, oid in enumerate(self._load_oids):
            made = adapters.get_loader(oid, self.result_format)
            load = bytes if made is None else made(oid, context).load
            for row in range(start, end):
                data = result.get_value(row, column)
                try:
                    if data is not None:
                        load(data)
                except Exception as found:  # noqa: BLE001 -- as above
                    type_name = display_name(self.statement.results[column])
                    name = _name_of(result, column)
                    return self._told(found, type_name, before + row, name)
        return self._told(error, "value", before + start, None)

    def _refused(
        self, error: Exception, rows: Sequence[tuple[Any, ...]], start: int
    ) -> RepositoryError:
        """Return the error for rows of which the row class refuses one."""
        refused = start
        for number, row in enumerate(rows, start):
            try:
                list(self._build([row]))
            except Exception as found:  # noqa: BLE001 -- as above
                error, refused = found, number
                break
        name = getattr(self.statement.row, "__name__", "row")
        return self._told(error, name, refused, field_of(error))

    def _told(
        self, error: Exception, what: str, row: int, column: str | None
    ) -> RepositoryError:
        """Return the error for a value that could not be read from a successful run."""
        if isinstance(error, RepositoryError):
            told = error
        else:
            place = f"row {row + 1}" if column is None else f"row {row + 1}, {column}"
            text = str(error) if isinstance(error, NoPythonValue) else _NO_VALUE(what)
            told = Unrepresentable(f"{place}: {text}")
            if isinstance(error, psycopg.Error):
                told.driver_error = error
        told.query = self.statement.name
        told.column = told.column or column
        told.done = None if self.statement.read_only else True
        return told

    def command(self, result: PGresult) -> CommandResult:
        """Return the command tag and the number of affected rows."""
        tag = (result.command_status or b"").decode()
        return CommandResult(tag, result.command_tuples or 0)

    @property
    def tells_what_it_wrote(self) -> bool:
        """True if a write's result must be checked before it is known to be right."""
        statement = self.statement
        return not statement.read_only and bool(statement.results or self.layouts)

    def check_columns(self, oids: Sequence[int]) -> None:
        """Check that the types of a table's columns are those of the parameters.

        Args:
            oids: types of the columns that COPY writes to, in the order of the
                parameters.

        Raises:
            SchemaChanged: the type of a column differs from its parameter's type.
        """
        types = self._types
        columns = self.statement.copy.columns if self.statement.copy else ()
        for column, name, oid in zip(
            columns, self.statement.parameters, oids, strict=True
        ):
            if types.base(oid) != types.result_oid(name):
                local = unquoted(column)
                raise SchemaChanged(
                    f"column {local} is {types.spelling(oid)}, and the generated code"
                    f" expects {name}",
                    query=self.statement.name,
                    column=local,
                )

    def check(self, result: PGresult) -> None:
        """Check that the columns of a result or description are those in `results`.

        Raises:
            SchemaChanged: the number or the type of the columns differs.
        """
        expected = self.statement.results
        found = [result.ftype(index) for index in range(result.nfields)]
        if found == self.result_oids or not expected:
            return
        query = self.statement.name
        if len(found) != len(expected):
            raise SchemaChanged(
                f"the result has {len(found)} columns, and the generated code expects"
                f" {len(expected)}",
                query=query,
            )
        spelling = self._types.spelling
        for index, (oid, known) in enumerate(zip(found, self.result_oids, strict=True)):
            if oid != known:
                name = _name_of(result, index)
                raise SchemaChanged(
                    f"column {name} is {spelling(oid)}, and the generated code expects"
                    f" {expected[index]}",
                    query=query,
                    column=name,
                )


class ChunkedRows(Generic[T]):
    """Rows of a result that arrives in chunks.

    An error in a row is kept until the whole result has arrived. The connection must be
    ready for the next statement, and an error from the server has precedence.
    """

    def __init__(self, codec: Codec[T]) -> None:
        self._codec = codec
        self._parts: list[list[T]] = []
        self._count = 0
        self._error: BaseException | None = None

    def take(self, chunk: PGresult) -> None:
        """Decode the rows of a chunk."""
        if self._error is not None:
            return
        try:
            part = self._codec.rows(chunk, self._count)
        except BaseException as error:  # noqa: BLE001 -- raised once all has come
            self._error = error
            self._parts.clear()
        else:
            self._parts.append(part)
            self._count += len(part)

    def rows(self) -> list[T]:
        """Return all rows.

        Raises:
            Unrepresentable: Python or the row's class cannot hold a value.
            SchemaChanged: the generated code does not know a value.
        """
        if self._error is not None:
            raise self._error
        self._codec.is_long = self._count >= _LONG
        return list(chain.from_iterable(self._parts))


def _refusal(
    error: Exception, value: object, type_name: str
) -> tuple[type[InvalidArgument], str]:
    """Why a value could not be encoded as a type, as the end of a sentence."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidText, "holds half of a surrogate pair"
    if isinstance(error, psycopg.DataError) and _NUL in str(error):
        return InvalidText, UNSTORABLE
    if isinstance(value, (int, float)) and isinstance(
        error, (OverflowError, StructError)
    ):
        return InvalidArgument, f"is out of {type_name}'s range"
    given = type(value).__name__
    return InvalidArgument, f"is a {display_name(type_name)}, which this {given} is not"


def _name_of(result: PGresult, column: int) -> str:
    return (result.fname(column) or b"").decode(errors="replace")


def field_of(error: Exception) -> str | None:
    """Return the first field that a ValidationError of pydantic names, or None."""
    try:
        places: Any = error.errors()  # type: ignore[attr-defined] # if it has that
        return str(places[0]["loc"][0])
    except Exception:  # noqa: BLE001 -- it is another kind of error
        return None


def read_nothing(_codec: Codec[Any], _result: PGresult) -> None:
    """Ignore the result of a statement."""


# Functions that read a result, given a codec and the result.
read_rows: Final = Codec.rows
read_first: Final = Codec.first
read_command: Final = Codec.command
