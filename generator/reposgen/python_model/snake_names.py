"""Detection of names that `snake_case = true` would make equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.diagnostics import error
from reposgen.live_schema.model import CompositeType, EnumType
from reposgen.python_model.arguments import parameter_names
from reposgen.python_model.rows import item_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reposgen.config.model import PackageConfig
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model import PgType, Relation
    from reposgen.python_model.context import Context
    from reposgen.python_model.naming import NamingConfig
    from reposgen.python_model.supported import Files


def colliding_snake_names(
    config: PackageConfig, files: Files, context: Context
) -> Iterator[Diagnostic]:
    """Yield an error for SQL names that would become one name in Python.

    Numbering the names would make them depend on the order of the columns.
    """
    naming = context.naming
    if not naming.snake_case:
        return
    place = config.place("snake_case")
    relations = {relation.oid for relation in context.registry.relations}
    for relation in context.registry.relations:
        columns = [column.name for column in relation.columns]
        yield from _of_type(relation, columns, place, naming, naming.column)
    for type_ in context.registry.used_types:
        match type_:
            case CompositeType(relation=of) if of not in relations:
                fields = [field.name for field in type_.fields]
                yield from _of_type(type_, fields, place, naming, naming.column)
            case EnumType():
                yield from _of_type(
                    type_, type_.labels, place, naming, naming.in_python
                )
            case _:
                pass
    for typed in (query for _, queries in files for query in queries):
        span = typed.query.name_span
        written = [parameter.name for parameter in typed.parameters]
        yield from _alike(
            typed.name, zip(written, parameter_names(typed, context), strict=True), span
        )
        named = [(item.name, item_name(typed, item, context)) for item in typed.results]
        if typed.model is None:
            yield from _alike(typed.name, named, span)


def _of_type(
    whole: Relation | PgType,
    names: Iterable[str],
    place: Span | None,
    naming: NamingConfig,
    in_python: Callable[[str], str],
) -> Iterator[Diagnostic]:
    pairs = (
        (name, naming.renamed(whole.schema, whole.name, name) or in_python(name))
        for name in names
    )
    return _alike(whole.name, pairs, place)


def _alike(
    whole: str, pairs: Iterable[tuple[str, str]], place: Span | None
) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for written, name in pairs:
        other = first.setdefault(name, written)
        if other != written:
            yield error(
                "snake-names-collide",
                f'"{other}" and "{written}" of {whole} would both become "{name}"',
                span=place,
                hint=f'rename one: [package.rename] "{whole}.{written}" = "…"',
            )
