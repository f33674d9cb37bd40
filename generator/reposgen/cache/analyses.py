"""Files of queries that were read and judged before.

A file whose text did not change, on a schema that did not, gives the same typed
queries: each file is judged on its own. What a database without migrations holds can
change in ways that its catalog does not show (a cast, an operator): nothing that was
judged there is kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from reposgen.cache.pickles import dumped, loaded
from reposgen.cache.tool import tool_digest
from reposgen.diagnostics import sorted_diagnostics
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.cache.project import ProjectCache
    from reposgen.config.model import PackageConfig
    from reposgen.diagnostics import Diagnostic, SourceFile
    from reposgen.live_schema.model import Catalog
    from reposgen.project import Source
    from reposgen.sql_source.model import QueryFile

    Judge: TypeAlias = Callable[[Sequence[QueryFile]], Analysis]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedFile:
    """What came of one file.

    Attributes:
        file: as it was read.
        queries: judged.
        diagnostics: of judging it.
    """

    file: QueryFile
    queries: tuple[TypedQuery, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """A file's analysis as bytes, which are read when they are needed.

    Attributes:
        digest: digest of the file's path and text.
    """

    digest: str
    data: bytes

    @cached_property
    def analysed(self) -> AnalysedFile | None:
        """The analysis, or None if the bytes are damaged."""
        found = loaded(self.data)
        return found if isinstance(found, AnalysedFile) else None

    def __getstate__(self) -> dict[str, object]:
        return {"digest": self.digest, "data": self.data}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedFiles:
    """Return what the cache has about the files of a package.

    Attributes:
        options: the package's.
        context: a digest of all that has a say in judging but the files themselves.
        kept: analyses of earlier runs, by path.
        recalled: those whose text is what it was, by path.
    """

    cache: ProjectCache
    options: PackageConfig
    context: str = ""
    kept: Mapping[str, KeptFile] = field(default_factory=dict)
    recalled: dict[str, AnalysedFile] = field(default_factory=dict)

    def read(self, source: SourceFile) -> QueryFile | None:
        """Return the queries of a file, if the cache has them."""
        kept = self.kept.get(source.path)
        if kept is None or kept.digest != _digest(source.path, source.text):
            return None
        judged = kept.analysed
        if judged is None:
            return None
        self.recalled[source.path] = judged
        return judged.file

    def judge(self, source: Source, catalog: Catalog, judge: Judge) -> Analysis:
        """Judge those files of the package that are not known yet.

        Args:
            source: the package.
            catalog: of the database that the files are judged in.
            judge: judges some of them.
        """
        files = source.files
        if source.migrations is None:
            return judge(files)
        settings = (source.options, source.migrations.digest, catalog.digest)
        context = _digest(repr(settings))
        recalled = self.recalled if context == self.context else {}
        new = [file for file in files if file.source.path not in recalled]
        fresh = judge(new)
        paths = [file.source.path for file in files]
        if not _is_about_files(fresh, catalog, paths):
            self._write("", {})
            return judge(files) if recalled else fresh
        judged = _by_file(fresh, new)
        everything = recalled | judged
        known = {path: self.kept[path] for path in paths if path in recalled}
        if judged or known.keys() != self.kept.keys():
            self._write(context, known | _as_bytes(judged))
        found = [d for path in paths for d in everything[path].diagnostics]
        return replace(
            fresh,
            files={path: everything[path].queries for path in paths},
            diagnostics=sorted_diagnostics(found),
        )

    def _write(self, context: str, kept: Mapping[str, KeptFile]) -> None:
        self.cache.store.write(
            _name(self.cache, self.options), (tool_digest(), context, dict(kept))
        )


def analysed_files(cache: ProjectCache, options: PackageConfig) -> AnalysedFiles:
    """Return what the cache has about the files of a package."""
    match cache.store.read(_name(cache, options)):
        case (str(tool), str(context), dict(kept)) if tool == tool_digest():
            return AnalysedFiles(
                cache=cache, options=options, context=context, kept=kept
            )
        case _:
            return AnalysedFiles(cache=cache, options=options)


def _name(cache: ProjectCache, options: PackageConfig) -> str:
    return cache.name(options.name, "analysis")


def _is_about_files(fresh: Analysis, catalog: Catalog, paths: Sequence[str]) -> bool:
    """Whether all that was found out belongs to single files.

    Not so what is read of the system's relations, and what is wrong with the server.
    """
    return (
        fresh.trees
        and fresh.catalog.relations.keys() == catalog.relations.keys()
        and {d.file for d in fresh.diagnostics} <= set(paths)
    )


def _by_file(fresh: Analysis, files: Sequence[QueryFile]) -> dict[str, AnalysedFile]:
    diagnostics: dict[str | None, list[Diagnostic]] = {}
    for one in fresh.diagnostics:
        diagnostics.setdefault(one.file, []).append(one)
    return {
        file.source.path: AnalysedFile(
            file=file,
            queries=fresh.files[file.source.path],
            diagnostics=tuple(diagnostics.get(file.source.path, ())),
        )
        for file in files
    }


def _as_bytes(files: Mapping[str, AnalysedFile]) -> dict[str, KeptFile]:
    # Each file's on its own: what did not change is neither taken apart nor put
    # together again.
    return {
        path: KeptFile(
            digest=_digest(path, judged.file.source.text), data=dumped(judged)
        )
        for path, judged in files.items()
    }


def _digest(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()
