"""How one statement's arguments and rows travel over one connection."""

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
from .conversions import Context, called
from .copy_commands import unquoted
from .errors import InvalidArgument, InvalidText, SchemaChanged
from .statement import CommandResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from psycopg import abc
    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from .statement import Statement
    from .types import DatabaseTypes

T = TypeVar("T")

# What reading a value in binary saves against text, in ns; measured, with psycopg's C
# loaders. All columns of a result travel in one format.
_BINARY_SAVES: Final[Mapping[str, int]] = {
    "numeric": -300,
    "jsonb": -150,
    "timestamptz": 100,
    "interval": 80,
    "inet": 1500,
    "cidr": 1500,
}
_BINARY_SAVES_ELSE: Final = 20
# A record in text does not tell its fields' types.
_ALWAYS_BINARY: Final = "record"
# So many rows are loaded at a time: what is short-lived stays near, and Python's
# collector of cycles meets fewer objects.
_PART: Final = 100
_first: Final = itemgetter(0)


class Codec(Generic[T]):
    """Arguments to bytes, results to rows, with all choices made once.

    Attributes:
        parameter_oids: what the statement was validated with.
        parameter_formats: one for each parameter.
        result_format: one for all columns.
        result_oids: of the columns; a domain's is its base's.
        name: under which the statement is prepared; empty while it is not.
        checked: the columns of a result were compared with `results`.
        used: it was asked for since this was last looked at.
    """

    __slots__ = (
        "_build",
        "_connection",
        "_dump_oids",
        "_dumping",
        "_dumps",
        "_load_oids",
        "_loading",
        "_time_zone",
        "_tolerant",
        "_types",
        "checked",
        "name",
        "parameter_formats",
        "parameter_oids",
        "result_format",
        "result_oids",
        "statement",
        "used",
    )

    def __init__(
        self,
        statement: Statement[T],
        types: DatabaseTypes,
        connection: psycopg.BaseConnection[Any],
    ) -> None:
        self.statement = statement
        self.name = b""
        self.checked = False
        self.used = True
        self._types = types
        self._connection = connection
        self.parameter_oids = [types.oid(name) for name in statement.parameters]
        # What adapters are found by: converted types have numbers of their own.
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
        # Encodes all arguments in one call, where they share a format.
        self._dumping: abc.Transformer | None = None
        if len({*self.parameter_formats}) == 1:
            self._dumping = Transformer(context)
            self._dumping.set_dumper_types(self._dump_oids, self.copy_format)
        self.result_oids = [types.result_oid(name) for name in statement.results]
        self._load_oids = [
            types.adapter_oid(name, result=True) for name in statement.results
        ]
        self.result_format = self._choose_format()
        self._tolerant = False
        self._prepare_loading()
        row = statement.row
        # From rows as tuples to what is asked for.
        self._build: Callable[[Iterable[tuple[Any, ...]]], Iterable[T]] = (
            partial(map, _first) if row is None else partial(starmap, row)
        )

    def _choose_format(self) -> Format:
        if not all(map(self._types.loads_binary, self._load_oids)):
            return Format.TEXT
        names = [parse_name(name).name for name in self.statement.results]
        if _ALWAYS_BINARY in names:
            return Format.BINARY
        saved = sum(_BINARY_SAVES.get(name, _BINARY_SAVES_ELSE) for name in names)
        return Format.BINARY if saved >= 0 else Format.TEXT

    def _prepare_loading(self) -> None:
        types = self._types
        adapters = types.tolerant_adapters if self._tolerant else types.adapters
        self._loading = Transformer(Context(adapters, self._connection))
        self._loading.set_loader_types(self._load_oids, self.result_format)
        # Loaders of timestamptz keep the zone that the session had when they were made.
        self._time_zone = self._connection.pgconn.parameter_status(b"TimeZone")

    @property
    def reads_binary(self) -> bool:
        """The format of results, as cursors ask for it."""
        return self.result_format == Format.BINARY

    @property
    def copy_format(self) -> Format:
        """The format of COPY, which all columns share."""
        binary = Format.BINARY
        return min(self.parameter_formats, default=binary)

    def copy_transformer(self) -> abc.Transformer:
        """What encodes the rows of a COPY."""
        transformer = Transformer(Context(self._types.adapters, self._connection))
        transformer.set_dumper_types(self._dump_oids, self.copy_format)
        return transformer

    def forget(self) -> None:
        """The statement is to be prepared, and its columns compared, once more."""
        self.name = b""
        self.checked = False

    def encode(self, values: Sequence[Any]) -> Sequence[Buffer | None]:
        """The arguments as the protocol takes them.

        Raises:
            InvalidArgument: a value that its parameter's type does not hold.
        """
        dumping = self._dumping
        try:
            # psycopg counts on it that there is a value for each.
            if dumping is not None and len(values) == len(self._dumps):
                return dumping.dump_sequence(values, ())
            return [
                None if value is None else dump(value)
                for dump, value in zip(self._dumps, values, strict=True)
            ]
        except Exception:  # noqa: BLE001 -- dumpers raise all kinds of them
            raise self.invalid(values) from None

    def invalid(self, values: Sequence[Any]) -> InvalidArgument:
        """What is wrong with values that could not be encoded."""
        statement = self.statement
        query = statement.name
        for number, (value, name, dump) in enumerate(
            zip(values, statement.parameters, self._dumps, strict=False), 1
        ):
            try:
                if value is not None:
                    dump(value)
            except UnicodeEncodeError:
                return InvalidText(
                    f"${number} holds half of a surrogate pair",
                    query=query,
                    column=self._column(number),
                )
            except Exception as error:  # noqa: BLE001 -- as above
                too_large = isinstance(error, (OverflowError, StructError))
                if too_large and isinstance(value, (int, float)):
                    return InvalidArgument(
                        f"${number} is out of {name}'s range",
                        query=query,
                        column=self._column(number),
                    )
                given = type(value).__name__
                return InvalidArgument(
                    f"${number} is a {called(name)}, which this {given} is not",
                    query=query,
                    column=self._column(number),
                )
        return InvalidArgument(
            f"{len(values)} values for {len(statement.parameters)} parameters",
            query=query,
        )

    def _column(self, number: int) -> str | None:
        """What an item's part is called that is the parameter's value."""
        fields = self.statement.fields
        # A secret is read through its attribute `revealed`.
        if fields and fields != ("revealed",):
            return fields[number - 1].removesuffix(".revealed")
        target = self.statement.copy
        return None if target is None else unquoted(target.columns[number - 1])

    def literals(self, values: Sequence[Any]) -> list[str]:
        """The arguments as SQL, for commands that take no parameters.

        Raises:
            InvalidArgument: a value that its parameter's type does not hold.
        """
        self.encode(values)
        adapters = self._types.adapters
        context = Context(adapters, self._connection)
        literals: list[str] = []
        for value, oid, name in zip(
            values, self._dump_oids, self.statement.parameters, strict=True
        ):
            literal = b"NULL"
            if value is not None:
                dumper = adapters.get_dumper_by_oid(oid, Format.TEXT)
                literal = bytes(dumper(NoneType, context).quote(value))
            literals.append(f"({literal.decode()})::{sql_type(name)}")
        return literals

    def rows(self, result: PGresult) -> list[T]:
        """All rows of a result.

        Raises:
            psycopg.DataError: a value that Python can't hold.
            SchemaChanged: these are not the columns that code was generated for.
        """
        if not self.checked:
            self._check(result)
        count = result.ntuples
        if count <= _PART:
            return list(self._build(self._load(result, 0, count))) if count else []
        return list(chain.from_iterable(self.parts(result)))

    def parts(self, result: PGresult) -> Iterator[Iterable[T]]:
        """The rows of a result, some at a time, each built when it is asked for.

        Raises:
            psycopg.DataError: as `rows`.
            SchemaChanged: the same.
        """
        if not self.checked:
            self._check(result)
        count = result.ntuples
        for start in range(0, count, _PART):
            end = min(start + _PART, count)
            yield self._build(self._load(result, start, end))

    def _load(self, result: PGresult, start: int, end: int) -> list[tuple[Any, ...]]:
        zone = self._connection.pgconn.parameter_status(b"TimeZone")
        if zone != self._time_zone:
            self._prepare_loading()
        loading = self._loading
        loading.set_pgresult(result, set_loaders=False)
        try:
            return loading.load_rows(start, end, tuple)
        except psycopg.DataError:
            if self._tolerant:
                raise
        finally:
            # The transformer would keep the whole result alive until the next one.
            loading.set_pgresult(None, set_loaders=False)
        # An infinite date, as a rule: those are rare enough to be found out like this.
        self._tolerant = True
        self._prepare_loading()
        return self._load(result, start, end)

    def command(self, result: PGresult) -> CommandResult:
        """What the server said of the command."""
        tag = (result.command_status or b"").decode()
        return CommandResult(tag, result.command_tuples or 0)

    def _check(self, result: PGresult) -> None:
        oids = [result.ftype(index) for index in range(result.nfields)]
        if oids != self.result_oids:
            raise SchemaChanged(
                "the result's types are not those that the code was generated for",
                query=self.statement.name,
            )
        self.checked = True


def read_nothing(_codec: Codec[Any], _result: PGresult) -> None:
    """Nothing but that the statement was run."""


# What reads a result: functions of a codec and its result.
read_rows: Final = Codec.rows
read_command: Final = Codec.command
