"""Queries that were judged before, and the database as it was then.

A file whose text did not change, on a schema that did not, gives the same typed
queries: each file is judged on its own. What a database without migrations holds can
change in ways that its catalog does not show (a cast, an operator): nothing of it is
kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from reposgen.cache.tool import tool_digest
from reposgen.diagnostics import sorted_diagnostics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.cache.project import ProjectCache
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Catalog
    from reposgen.project import Source
    from reposgen.sql_source.model import QueryFile

    Judge: TypeAlias = Callable[[Sequence[QueryFile]], Analysis]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFile:
    """What came of one file.

    Attributes:
        digest: of its path and text.
    """

    digest: str
    queries: tuple[TypedQuery, ...]
    diagnostics: tuple[Diagnostic, ...]


def judged(
    cache: ProjectCache, source: Source, catalog: Catalog, judge: Judge
) -> Analysis:
    """Judge those files of a package that are not known yet.

    Args:
        cache: what is known.
        source: the package.
        catalog: of the database that the files are judged in.
        judge: judges some of them.
    """
    files, store = source.files, cache.store
    if source.migrations is None:
        return judge(files)
    name = cache.name(source.options.name, "analysis")
    settings = (source.options, source.migrations.digest, catalog.digest)
    context = _digest(tool_digest(), repr(settings))
    digests = {f.source.path: _digest(f.source.path, f.source.text) for f in files}
    known = _known(store.read(name), context)
    recalled = {
        path: file for path, file in known.items() if digests.get(path) == file.digest
    }
    fresh = judge([file for file in files if file.source.path not in recalled])
    if not _is_about_files(fresh, catalog, digests):
        store.write(name, (context, {}))
        return judge(files) if recalled else fresh
    everything = recalled | _by_file(fresh, digests)
    if len(recalled) < len(known) or len(recalled) < len(files):
        store.write(name, (context, everything))
    found = [d for path in digests for d in everything[path].diagnostics]
    return replace(
        fresh,
        files={path: everything[path].queries for path in digests},
        diagnostics=sorted_diagnostics(found),
    )


def _is_about_files(
    fresh: Analysis, catalog: Catalog, digests: Mapping[str, str]
) -> bool:
    """Whether all that was found out belongs to single files.

    Not so what is read of the system's relations, and what is wrong with the server.
    """
    return (
        fresh.trees
        and fresh.catalog.relations.keys() == catalog.relations.keys()
        and all(d.file in digests for d in fresh.diagnostics)
    )


def _by_file(fresh: Analysis, digests: Mapping[str, str]) -> dict[str, JudgedFile]:
    diagnostics: dict[str | None, list[Diagnostic]] = {}
    for one in fresh.diagnostics:
        diagnostics.setdefault(one.file, []).append(one)
    return {
        path: JudgedFile(
            digest=digests[path],
            queries=queries,
            diagnostics=tuple(diagnostics.get(path, ())),
        )
        for path, queries in fresh.files.items()
    }


def _known(kept: object, context: str) -> dict[str, JudgedFile]:
    match kept:
        case (str(found), dict(files)) if found == context:
            return files
        case _:
            return {}


def _digest(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()
