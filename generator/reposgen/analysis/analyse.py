"""Analysis of a package: query files and descriptions in, typed queries out."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from reposgen.analysis.arrays import read_elements
from reposgen.analysis.build import build_query
from reposgen.analysis.caching.determinism import policy_conditions
from reposgen.analysis.copies import copy_targets
from reposgen.analysis.declared import with_proved_columns
from reposgen.analysis.definitions import (
    prove_definitions,
    read_bodies,
    view_trees,
    with_proved_views,
)
from reposgen.analysis.depth import depth_of, with_deep_stack
from reposgen.analysis.described import DescribedQuery, trees_of
from reposgen.analysis.expansion import expand_stars
from reposgen.analysis.listening import read_channel
from reposgen.analysis.model import Analysis, Declared
from reposgen.analysis.nullability import Definitions
from reposgen.analysis.optimistic.probes import check_probes
from reposgen.analysis.server_errors import server_error
from reposgen.analysis.trusted import trusted_functions
from reposgen.analysis.types import relations_in, type_of
from reposgen.analysis.utilities import read_utility
from reposgen.analysis.variants.build import build_variants
from reposgen.diagnostics import (
    Diagnostic,
    Severity,
    error,
    sorted_diagnostics,
    warning,
)
from reposgen.live_schema.model import Described, ServerError, Statement
from reposgen.live_schema.tree import MAJORS
from reposgen.live_schema.tree.model import CommandType
from reposgen.sql_source.printing import print_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from reposgen.analysis.model import TypedQuery
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Catalog, Description, Function, PgType
    from reposgen.live_schema.tree.model import Query as Tree
    from reposgen.sql_source.model import Query, QueryFile
    from reposgen.sql_source.printing import ServerText

    Describe: TypeAlias = Callable[[Sequence[Statement]], tuple[Description, ...]]
    # Reads the catalog, including the system relations with these oids.
    ReadSystem: TypeAlias = Callable[[Collection[int]], Catalog]
    # Reads the trees of SQL functions, by oid.
    ReadFunctions: TypeAlias = Callable[[Sequence[Function]], Mapping[int, str]]

_NOTHING = Declared()
_PROVABLE = re.compile(
    r"[\s(]*(?:select|insert|update|delete|merge|with|values|table)\b", re.IGNORECASE
)
# Depth of nested nodes and lists that Python's default stack is large enough for.
_DEEPEST = 100
# Largest number of names in the message.
_NAMED = 4
_RELATIONS = re.compile(r":relid\s(\d+)")


def analyse(
    files: Sequence[QueryFile],
    catalog: Catalog,
    *,
    describe: Describe,
    read_system: ReadSystem,
    read_functions: ReadFunctions,
    declared: Declared = _NOTHING,
    not_null: Mapping[str, Span | None] = MappingProxyType({}),
) -> Analysis:
    """Analyse all queries of a package.

    Args:
        files: the package's query files.
        catalog: catalog of the database that `describe` asks.
        describe: has the server describe statements.
        read_system: reads the catalog again, including the system relations with the
            given oids.
        read_functions: has the server analyse the bodies of functions.
        declared: declarations in the package's options.
        not_null: names of the functions that the user declares not null, each
            with its place in the configuration.

    Returns:
        The queries without errors, and the diagnostics of all queries.
    """
    judge = partial(
        _analyse,
        files,
        catalog,
        describe=describe,
        read_system=read_system,
        read_functions=read_functions,
        declared=declared,
        not_null=not_null,
    )
    try:
        return judge()
    except RecursionError:
        pass
    try:
        return with_deep_stack(judge)
    except RecursionError:
        return judge(deepest=_DEEPEST)


def _analyse(
    files: Sequence[QueryFile],
    catalog: Catalog,
    *,
    describe: Describe,
    read_system: ReadSystem,
    read_functions: ReadFunctions,
    declared: Declared,
    not_null: Mapping[str, Span | None],
    deepest: int | None = None,
) -> Analysis:
    """Analyse all queries as `analyse` does, with the stack that the caller has.

    Args:
        files: the package's query files.
        catalog: catalog of the database that `describe` asks.
        describe: has the server describe statements.
        read_system: reads the catalog again with system relations.
        read_functions: has the server analyse the bodies of functions.
        declared: declarations in the package's options.
        not_null: the functions that the user declares not null.
        deepest: report statements nested deeper than this as errors; None accepts any
            depth.
    """
    queries = [query for file in files for query in file.queries]
    texts = [print_sql(query.segments) for query in queries]
    descriptions = describe([Statement(sql=text.text) for text in texts])
    if missing := _system_relations(descriptions, catalog):
        catalog = replace(read_system(missing), digest=catalog.digest)
    catalog = with_proved_columns(catalog)
    diagnostics: list[Diagnostic] = []
    accepted: list[DescribedQuery] = []
    for query, text, description in zip(queries, texts, descriptions, strict=True):
        match description:
            case ServerError():
                channel = read_channel(query, text)
                diagnostics.append(
                    channel
                    if isinstance(channel, Diagnostic)
                    and channel.severity is Severity.ERROR
                    else server_error(query, text, description, catalog)
                )
            case Described(tree=tree) if deepest and depth_of(tree or "") > deepest:
                diagnostics.append(_too_deep(query))
            case Described():
                accepted.append(_described(query, text, description, catalog))
    accepted = _with_inner(accepted, describe)
    unchecked: list[TypedQuery] = []
    typed: dict[str, list[TypedQuery]] = {file.source.path: [] for file in files}
    trees = [described.tree for described in accepted if described.tree]
    shown = _named_relations(descriptions) | relations_in(
        _types(descriptions, catalog), catalog
    )
    views = view_trees(shown, catalog, describe)
    trees += views.values()
    trusted, mistakes = trusted_functions(not_null, catalog)
    diagnostics += mistakes
    proved, elements = prove_definitions(
        trees, catalog, read_elements(catalog, declared), describe
    )
    definitions = Definitions(
        views=proved,
        bodies=read_bodies(
            [*trees, *policy_conditions(_cached(accepted), catalog)],
            catalog,
            read_functions,
        ),
        declared=trusted,
    )
    catalog, elements = with_proved_views(catalog, views, definitions, elements)
    accepted = [replace(described, catalog=catalog) for described in accepted]
    ready = tuple(expand_stars(accepted, describe))
    copies = copy_targets(ready, describe)
    variants = build_variants(ready, describe)
    for described, variant, copy in zip(ready, variants, copies, strict=True):
        built, found = build_query(
            described,
            variant,
            definitions,
            elements,
            copy,
            declared=declared,
        )
        diagnostics += found
        if built is not None:
            unchecked.append(built)
    checked, found = check_probes(unchecked, describe)
    diagnostics += found
    for one in checked:
        typed[one.query.source.path].append(one)
    untold = [one.query.name for one in accepted if _is_untold(one)]
    if untold:
        diagnostics.append(_no_trees(untold, catalog.major))
    return Analysis(
        catalog=catalog,
        files={path: tuple(several) for path, several in typed.items()},
        diagnostics=sorted_diagnostics(diagnostics),
        trees=not untold,
        elements=elements,
    )


def _cached(accepted: Sequence[DescribedQuery]) -> Iterator[Tree]:
    """Yield the trees of the queries that have a `@cache` line."""
    for described in accepted:
        is_cached = any(line.word == "cache" for line in described.query.directives)
        if is_cached and described.tree is not None:
            yield described.tree


def _too_deep(query: Query) -> Diagnostic:
    return error(
        "too-deep",
        "the statement is nested too deeply to be analysed",
        span=query.name_span,
        hint="move parts of it to views",
    )


def _system_relations(
    descriptions: Sequence[Description], catalog: Catalog
) -> frozenset[int]:
    """Return the oids of the relations that statements use and the catalog lacks.

    These are system relations.
    """
    return frozenset(_named_relations(descriptions) - catalog.relations.keys())


def _named_relations(descriptions: Sequence[Description]) -> set[int]:
    """Return the oids of the relations that statements use."""
    named: set[int] = set()
    for description in descriptions:
        if isinstance(description, Described):
            named |= {column.table_oid for column in description.columns}
            named |= set(map(int, _RELATIONS.findall(description.tree or "")))
    return named - {0}


def _types(descriptions: Sequence[Description], catalog: Catalog) -> Iterator[PgType]:
    """Yield the types of all parameters and result columns."""
    for description in descriptions:
        if isinstance(description, Described):
            for oid in description.parameter_oids:
                yield type_of(oid, catalog)
            for column in description.columns:
                yield type_of(column.type_oid, catalog)


def _described(
    query: Query, text: ServerText, description: Described, catalog: Catalog
) -> DescribedQuery:
    trees = trees_of(description, text.text, catalog)
    tree = next((tree for tree in trees if tree.can_set_tag), None)
    return DescribedQuery(
        query=query,
        text=text,
        description=description,
        expanded=text,
        tree=tree,
        added=tuple(one for one in trees if one is not tree),
        utility=(
            read_utility(text.text, catalog)
            if tree is not None and tree.command is CommandType.UTILITY
            else None
        ),
        catalog=catalog,
    )


def _with_inner(
    accepted: Sequence[DescribedQuery], describe: Describe
) -> list[DescribedQuery]:
    """Return the queries with the trees of the statements inside utility commands.

    EXPLAIN, for example, contains a statement.
    """
    inside = {
        index: Statement(
            sql=described.utility.inner,
            parameter_oids=described.description.parameter_oids,
        )
        for index, described in enumerate(accepted)
        if described.utility is not None and described.utility.inner
    }
    if not inside:
        return [*accepted]
    verdicts = dict(zip(inside, describe(tuple(inside.values())), strict=True))
    found = [*accepted]
    for index, verdict in verdicts.items():
        if isinstance(verdict, Described):
            described = accepted[index]
            trees = trees_of(verdict, inside[index].sql, described.catalog)
            found[index] = replace(described, inner=trees)
    return found


def _is_untold(described: DescribedQuery) -> bool:
    """Return True if a statement that proofs need a tree of came without one."""
    return (
        described.tree is None
        and not described.added
        and bool(_PROVABLE.match(described.text.text))
    )


def _no_trees(names: Sequence[str], major: int) -> Diagnostic:
    named = names if len(names) <= _NAMED else [*names[: _NAMED - 1], "others"]
    return warning(
        "no-trees",
        f"the server does not send the query trees of {', '.join(named)}: fewer"
        " columns are proved not null",
        hint=(
            "connect without a proxy that drops notices, or as a user with the"
            " TEMPORARY privilege"
            if major in MAJORS
            else f"the trees of PostgreSQL {major} are not supported: use"
            f" {MAJORS[0]} to {MAJORS[-1]}"
        ),
    )
