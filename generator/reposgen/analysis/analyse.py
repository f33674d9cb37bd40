"""Query files and a server's verdicts → typed queries."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.build import build_query
from reposgen.analysis.copies import copy_targets
from reposgen.analysis.definitions import prove_definitions
from reposgen.analysis.expansion import expand_stars
from reposgen.analysis.judged import Judged, tree_of
from reposgen.analysis.listening import read_channel
from reposgen.analysis.model import Analysis
from reposgen.analysis.optimistic.probes import check_probes
from reposgen.analysis.server_errors import server_error
from reposgen.analysis.variants.vary import vary
from reposgen.diagnostics import (
    Diagnostic,
    Severity,
    sorted_diagnostics,
    warning,
)
from reposgen.live_schema.model import Described, ServerError, Statement
from reposgen.live_schema.tree import MAJORS
from reposgen.sql_source.printing import print_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import TypeAlias

    from reposgen.analysis.model import TypedQuery
    from reposgen.live_schema.model import Catalog, Description
    from reposgen.sql_source.model import Query, QueryFile
    from reposgen.sql_source.printing import ServerText

    Describe: TypeAlias = Callable[[Sequence[Statement]], tuple[Description, ...]]
    # The catalog with these system relations in it as well.
    ReadSystem: TypeAlias = Callable[[Collection[int]], Catalog]

_PROVABLE = re.compile(
    r"[\s(]*(?:select|insert|update|delete|merge|with|values|table)\b", re.IGNORECASE
)
# More names than that say nothing more.
_NAMED = 4
_RELATIONS = re.compile(r":relid\s(\d+)")


def analyse(
    files: Sequence[QueryFile],
    catalog: Catalog,
    *,
    describe: Describe,
    read_system: ReadSystem,
) -> Analysis:
    """Judge all queries of a package.

    Args:
        files: as read.
        catalog: of the database that `describe` asks.
        describe: has the server judge statements.
        read_system: reads the catalog again, with system relations by their oids.

    Returns:
        The queries without errors, and what is wrong with the others.
    """
    queries = [query for file in files for query in file.queries]
    texts = [print_sql(query.segments) for query in queries]
    descriptions = describe([Statement(sql=text.text) for text in texts])
    if missing := _system_relations(descriptions, catalog):
        catalog = replace(read_system(missing), digest=catalog.digest)
    diagnostics: list[Diagnostic] = []
    accepted: list[Judged] = []
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
            case Described():
                accepted.append(_judged(query, text, description, catalog))
    unchecked: list[TypedQuery] = []
    typed: dict[str, list[TypedQuery]] = {file.source.path: [] for file in files}
    trees = [judged.tree for judged in accepted if judged.tree]
    definitions = prove_definitions(trees, catalog, describe)
    ready = tuple(expand_stars(accepted, describe))
    copies = copy_targets(ready, describe)
    for varied, copy in zip(vary(ready, describe), copies, strict=True):
        built, found = build_query(varied, definitions, copy)
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
    )


def _system_relations(
    descriptions: Sequence[Description], catalog: Catalog
) -> frozenset[int]:
    """The relations that statements use and the catalog lacks: the system's."""
    named: set[int] = set()
    for description in descriptions:
        if isinstance(description, Described):
            named |= {column.table_oid for column in description.columns}
            named |= set(map(int, _RELATIONS.findall(description.tree or "")))
    return frozenset(named - catalog.relations.keys() - {0})


def _judged(
    query: Query, text: ServerText, described: Described, catalog: Catalog
) -> Judged:
    tree = tree_of(described, text.text, catalog)
    return Judged(
        query=query, text=text, described=described, tree=tree, catalog=catalog
    )


def _is_untold(judged: Judged) -> bool:
    """Whether a tree is missing of a statement that has more to prove than a CALL."""
    return judged.tree is None and bool(_PROVABLE.match(judged.text.text))


def _no_trees(names: Sequence[str], major: int) -> Diagnostic:
    named = names if len(names) <= _NAMED else [*names[: _NAMED - 1], "others"]
    return warning(
        "no-trees",
        f"the server does not tell the query trees of {', '.join(named)}: less is"
        " proved of them, and fewer columns are known to be not null",
        hint="connect without a proxy that filters notices, or as a user who may make"
        " temporary objects"
        if major in MAJORS
        else f"the trees of PostgreSQL {major} are not known: use"
        f" {MAJORS[0]} to {MAJORS[-1]}",
    )
