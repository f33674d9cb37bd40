"""Construction of one query's classes, statement and method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.arguments import (
    argument_names,
    arguments_of,
    buffered_arguments,
    item_fields,
    item_type,
    params_class,
    type_name,
)
from reposgen.python_model.commands import call_of, is_line
from reposgen.python_model.docs import method_doc
from reposgen.python_model.model.elements import (
    Argument,
    ArgumentRow,
    Method,
    Option,
    Query,
    Signature,
)
from reposgen.python_model.model.pytype import (
    BUFFERING,
    COPY_INTO,
    OPTIMISTIC,
    STATEMENT,
    VARIANTS,
    Named,
    Nothing,
)
from reposgen.python_model.model.values import Constant, Sql, construct
from reposgen.python_model.rows import NO_ROW, build_row, result_names
from reposgen.python_model.types import quoted
from reposgen.python_model.variants import (
    has_variants,
    pieces_of,
    sort_option,
    variant_keywords,
)
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.analysis.model import Buffering, CopyTarget, Optimistic, TypedQuery
    from reposgen.python_model.commands import ApiFlavor
    from reposgen.python_model.context import Context
    from reposgen.python_model.model.pytype import PyType, Symbol
    from reposgen.python_model.model.values import Construct, TypeName
    from reposgen.python_model.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltQuery:
    """A query in both flavors.

    Attributes:
        result: type of one row.
        row_argument: type of one row of a batch's or COPY's argument.
    """

    typed: TypedQuery
    method: str
    doc: str
    query: Query
    result: PyType
    arguments: tuple[Argument, ...]
    row_argument: PyType | None

    def signature(self, flavor: ApiFlavor) -> Signature:
        """Return the method's signature in one flavor."""
        call = call_of(self.typed)
        first = None
        if self.row_argument:
            first = Argument(
                name="rows", type=flavor.rows(self.row_argument), value="rows"
            )
        return Signature(
            name=self.method,
            query=self.typed.name,
            doc=self.doc,
            first=first,
            arguments=self.arguments,
            options=self.options,
            returns=call.returns(self.result, flavor),
            awaits=flavor.awaits and not call.streams,
        )

    @property
    def only_reads(self) -> bool:
        """True if the method belongs to the repository's read protocol."""
        return self.typed.read_only or self.typed.command is Command.LISTEN

    @property
    def options(self) -> tuple[Option, ...]:
        """The method's options."""
        return options_of(self.typed)

    def call(self, flavor: ApiFlavor) -> Method:
        """Return the method in one flavor."""
        # What a page is depends on the runner's arguments as well.
        chooses = has_variants(self.typed) and self.typed.command is not Command.PAGE
        signature, call = self.signature(flavor), call_of(self.typed)
        params = self.query.params
        row = ArgumentRow(maker=params.symbol if params else None)
        return Method(
            signature=signature,
            run=call.run,
            gives=signature.returns != Nothing(),
            row=row if call.is_later else None,
            statement=self.query.statement.symbol,
            choices=sort_option(self.typed) if chooses else None,
        )


def options_of(typed: TypedQuery) -> tuple[Option, ...]:
    """Return the options of a query's method."""
    return (*sort_option(typed), *call_of(typed).options)


def build_query(
    typed: TypedQuery, method: str, constant: Symbol, context: Context
) -> BuiltQuery:
    """Build the definitions of a query with this method and constant name."""
    call = call_of(typed)
    row = build_row(typed, constant, context) if call.gives_rows else NO_ROW
    arguments: tuple[Argument, ...] = ()
    fields: tuple[str, ...] = ()
    names: tuple[str, ...]
    params, row_argument = None, None
    if (call.takes_rows or call.is_later) and len(typed.parameters) > 1:
        params = params_class(typed, constant, context)
    if call.takes_rows:
        row_argument = (
            Named(params.symbol)
            if params
            else item_type(typed, typed.parameters[0], context)
        )
        fields = item_fields(typed, params, context)
        names = () if params else argument_names(typed, set(), context)
    elif call.is_later:
        arguments = buffered_arguments(typed, constant, params, context)
        fields = item_fields(typed, params, context)
        names = () if params else tuple(argument.name for argument in arguments)
    else:
        arguments = arguments_of(typed, constant, options_of(typed), context)
        names = tuple(argument.name for argument in arguments)
    return BuiltQuery(
        typed=typed,
        method=method,
        doc=method_doc(typed, arguments, context.violations),
        query=Query(
            row=row.own,
            nested=row.nested,
            params=params,
            builder=row.builder,
            statement=_statement(
                typed, method, constant, row, context, fields=fields, arguments=names
            ),
        ),
        result=row.type,
        arguments=arguments,
        row_argument=row_argument,
    )


def _statement(
    typed: TypedQuery,
    method: str,
    constant: Symbol,
    row: Row,
    context: Context,
    *,
    fields: tuple[str, ...],
    arguments: tuple[str, ...],
) -> Constant[Construct]:
    name = f"{constant.module.rpartition('.')[2]}.{method}"
    gives_rows = call_of(typed).gives_rows or is_line(typed)
    names = {p.number: type_name(typed, p, context) for p in typed.parameters}
    results = tuple(result_names(typed, context, row.documents)) if gives_rows else ()
    chosen = has_variants(typed)
    staging = typed.copy.staging if typed.copy else None
    sql = Sql(staging or typed.pieces[0].sql)
    return Constant(
        symbol=constant,
        result=None if row.make else row.type,
        value=construct(
            VARIANTS if chosen else STATEMENT,
            name,
            pieces_of(typed) if chosen else sql,
            **(variant_keywords(typed) if chosen else {}),
            parameters=tuple(names[p.number] for p in typed.parameters),
            results=results,
            row=row.make,
            fields=fields,
            arguments=arguments,
            copy=_copy(typed.copy) if typed.copy else None,
            buffer=_buffering(typed.buffer) if typed.buffer else None,
            optimistic=_optimistic(typed, typed.optimistic, name, names)
            if typed.optimistic
            else None,
            read_only=typed.read_only or None,
            locks_rows=typed.locks_rows or None,
            cache=context.caching.cached(typed),
            changes=context.caching.changes(typed),
            timeout=typed.timeout_ms / 1000 if typed.timeout_ms else None,
            replica=None if typed.replica else False,
            reads=typed.reads,
            writes=typed.writes,
            verb=_verb(typed),
        ),
    )


def _verb(typed: TypedQuery) -> str | None:
    """Return the command of a statement that begins with WITH and writes, else None."""
    begins_with = typed.pieces[0].sql.lstrip()[:4].upper() == "WITH"
    return typed.verb if begins_with and typed.verb != "SELECT" else None


def _copy(target: CopyTarget) -> Construct:
    table = ".".join(map(quoted, target.table))
    return construct(
        COPY_INTO,
        '"pg_temp"."reposgen_rows"' if target.staging else table,
        tuple(quoted(column) for column in target.columns),
        staged=target.staging is not None or None,
    )


def _buffering(buffer: Buffering) -> Construct:
    return construct(
        BUFFERING,
        size=buffer.size,
        interval=buffer.interval_ms / 1000,
        limit=buffer.limit,
        drops=buffer.drops or None,
    )


def _optimistic(
    typed: TypedQuery,
    optimistic: Optimistic,
    name: str,
    names: Mapping[int, TypeName],
) -> Construct:
    """Return how a write by version finds out why it affected no row."""
    index = {p.number: index for index, p in enumerate(typed.parameters)}
    probe = construct(
        STATEMENT,
        f"{name}: {optimistic.column}",
        Sql(optimistic.probe),
        parameters=tuple(names[number] for number in optimistic.numbers),
        # The type that the version is compared as.
        results=(names[optimistic.version],),
    )
    return construct(
        OPTIMISTIC,
        probe,
        arguments=tuple(index[number] for number in optimistic.numbers),
        expected=index[optimistic.version],
        inserts=optimistic.inserts or None,
    )
