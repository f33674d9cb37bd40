"""One query: its classes, its statement, its method."""

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
from reposgen.python_model.model.pytype import STATEMENT, VARIANTS, Named, Nothing
from reposgen.python_model.model.statements import (
    Buffering,
    CopyTarget,
    Optimistic,
    StatementConstant,
)
from reposgen.python_model.rows import NO_ROW, build_row, result_names
from reposgen.python_model.types import quoted
from reposgen.python_model.variants import has_variants, sort_option, variants_of
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.analysis.model import TypedQuery
    from reposgen.python_model.commands import Colour
    from reposgen.python_model.context import Context
    from reposgen.python_model.model.elements import TypeName
    from reposgen.python_model.model.pytype import PyType, Symbol
    from reposgen.python_model.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltQuery:
    """A query in both colours.

    Attributes:
        result: the type of one row.
        row_argument: the type of one row of a batch's or COPY's argument.
    """

    typed: TypedQuery
    method: str
    doc: str
    query: Query
    result: PyType
    arguments: tuple[Argument, ...]
    row_argument: PyType | None

    def signature(self, colour: Colour) -> Signature:
        """The method's signature in one colour."""
        call = call_of(self.typed)
        first = None
        if self.row_argument:
            first = Argument(
                name="rows", type=colour.rows(self.row_argument), value="rows"
            )
        return Signature(
            name=self.method,
            query=self.typed.name,
            doc=self.doc,
            first=first,
            arguments=self.arguments,
            options=self.options,
            returns=call.returns(self.result, colour),
            awaits=colour.awaits and not call.streams,
        )

    @property
    def options(self) -> tuple[Option, ...]:
        """The method's keywords that say how."""
        return options_of(self.typed)

    def call(self, colour: Colour) -> Method:
        """The method in one colour."""
        # What a page is depends on the runner's arguments as well.
        chooses = has_variants(self.typed) and self.typed.command is not Command.PAGE
        signature, call = self.signature(colour), call_of(self.typed)
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
    """The keywords of a query's method that say how."""
    return (*sort_option(typed), *call_of(typed).options)


def build_query(
    typed: TypedQuery, method: str, constant: Symbol, context: Context
) -> BuiltQuery:
    """Everything of one query; `method` and `constant` name it."""
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
            params=params,
            builder=row.builder,
            statement=_statement(
                typed, method, constant, row, context, fields=fields, names=names
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
    names: tuple[str, ...],
) -> StatementConstant:
    copy = None
    if typed.copy:
        table = ".".join(map(quoted, typed.copy.table))
        copy = CopyTarget(
            table='"pg_temp"."reposgen_rows"' if typed.copy.staging else table,
            columns=tuple(quoted(column) for column in typed.copy.columns),
            staged=typed.copy.staging is not None,
        )
    name = f"{constant.module.rpartition('.')[2]}.{method}"
    gives_rows = call_of(typed).gives_rows or is_line(typed)
    types = {p.number: type_name(typed, p, context) for p in typed.parameters}
    staging = typed.copy.staging if typed.copy else None
    variants = variants_of(typed)
    return StatementConstant(
        symbol=constant,
        name=name,
        sql=variants or staging or typed.pieces[0].sql,
        result=None if row.make else row.type,
        parameters=tuple(types[p.number] for p in typed.parameters),
        results=tuple(result_names(typed, context)) if gives_rows else (),
        row=row.make,
        fields=fields,
        arguments=names,
        copy=copy,
        buffer=_buffering(typed),
        optimistic=_optimistic(typed, name, types),
        read_only=typed.read_only,
        locks_rows=typed.locks_rows,
        timeout=typed.timeout_ms / 1000 if typed.timeout_ms else None,
        replica=typed.replica,
        maker=VARIANTS if variants else STATEMENT,
    )


def _buffering(typed: TypedQuery) -> Buffering | None:
    found = typed.buffer
    if found is None:
        return None
    return Buffering(
        size=found.size,
        interval=found.interval_ms / 1000,
        limit=found.limit,
        drops=found.drops,
    )


def _optimistic(
    typed: TypedQuery, name: str, names: Mapping[int, TypeName]
) -> Optimistic | None:
    found = typed.optimistic
    if found is None:
        return None
    index = {p.number: index for index, p in enumerate(typed.parameters)}
    arguments = tuple(index[number] for number in found.numbers)
    return Optimistic(
        name=f"{name}: {found.column}",
        sql=found.probe,
        parameters=tuple(names[number] for number in found.numbers),
        # What the version is compared with.
        result=names[found.version],
        arguments=arguments,
        expected=index[found.version],
        inserts=found.inserts,
    )
