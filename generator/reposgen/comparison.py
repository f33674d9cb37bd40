"""Two states of a project: the code of each on the schema of the other."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from reposgen.analysis.directives import DIRECTIVES
from reposgen.contracts.impact import find_effects
from reposgen.contracts.model import Direction, PackageImpact
from reposgen.database import open_server, read_migrations, schema_database
from reposgen.diagnostics import ReposgenError, Severity, sorted_diagnostics
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.models import dataclass
from reposgen.pipeline import judge_of
from reposgen.project import Source, chosen_packages
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from psycopg import Connection

    from reposgen.analysis.model import Analysis
    from reposgen.config import Config, PackageConfig
    from reposgen.contracts.model import Effect
    from reposgen.diagnostics import Diagnostic

    Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of the project.

    Attributes:
        config: of the state, with the folder that its files are in.
        url: of the database that has the schema; None: the migrations make it.
        schema: the files that make it instead of the packages' migrations.
    """

    config: Config
    url: str | None = None
    schema: tuple[str, ...] | None = None

    @property
    def has_code(self) -> bool:
        """Whether its queries are known as well: not those of a database or a dump."""
        return self.url is None and self.schema is None

    def source(self, options: PackageConfig) -> Source:
        """Return the queries and the migrations of a package.

        Raises:
            ReposgenError: files cannot be read, or have mistakes.
        """
        root = self.config.root
        files = read_query_files(options.queries, root, directives=DIRECTIVES)
        written = None if self.url else self.schema or options.schema_paths
        path = options.search_path or ()
        migrations = read_migrations(written, root, path) if written else None
        source = Source(options=options, files=files, migrations=migrations)
        _refuse(source.diagnostics)
        return source


def compare_states(
    old: State, new: State, names: Sequence[str], progress: Progress
) -> tuple[PackageImpact, ...]:
    """Return what a release does to the methods of packages.

    Args:
        old: what runs.
        new: what is released.
        names: of the packages that are asked for, or all of the new state.
        progress: told of each step that takes time.

    Raises:
        ReposgenError: a state cannot be read, or its queries have errors on its own
            schema.
    """
    known = {package.name: package for package in old.config.packages}
    pairs = [
        (package.name, old.source(known[package.name]), new.source(package))
        for package in chosen_packages(new.config, names)
        if package.name in known
    ]
    changed = [pair for pair in pairs if not _is_unchanged(old, new, *pair[1:])]
    found: dict[str, list[Effect]] = {}
    if changed:
        found = _compare(old, new, changed, progress)
    return tuple(
        PackageImpact(
            package=name,
            methods=sum(len(file.queries) for file in before.files),
            effects=tuple(found.get(name, ())),
        )
        for name, before, _ in pairs
    )


def _is_unchanged(old: State, new: State, before: Source, after: Source) -> bool:
    """Return True if both states have one schema: then no code meets another one."""
    if before.migrations is None or after.migrations is None:
        return before.migrations is after.migrations and old.url == new.url
    return before.migrations.digest == after.migrations.digest


def _compare(
    old: State,
    new: State,
    pairs: Sequence[tuple[str, Source, Source]],
    progress: Progress,
) -> dict[str, list[Effect]]:
    """Analyse the queries of both states on both schemas, and compare."""
    found: dict[str, list[Effect]] = {}
    made, origin = new.config.database.url, new.config.url_origin
    with ExitStack() as servers:
        urls = dict.fromkeys((old.url or made, new.url or made))
        running = {
            url: servers.enter_context(open_server(url, progress, origin))
            for url in urls
        }
        for name, before, after in pairs:
            progress(f"comparing {name}")
            with (
                schema_database(running[old.url or made], before.migrations) as there,
                schema_database(running[new.url or made], after.migrations) as here,
            ):
                code = before if old.has_code else None
                found[name] = [*_effects(code, after, there, here)]
    return found


def _effects(
    before: Source | None, after: Source, there: Connection, here: Connection
) -> Iterator[Effect]:
    """Yield what becomes of the methods of a package.

    Args:
        before: the old code; None if it is not known.
        after: the new code.
        there: a database with the old schema.
        here: a database with the new schema.
    """
    catalogs = read_catalog(there), read_catalog(here)

    def analyse(code: Source, *, on_new: bool) -> Analysis:
        link = here if on_new else there
        return judge_of(link, catalogs[on_new], code)(code.files)

    new_code = analyse(after, on_new=True)
    new_on_old = analyse(after, on_new=False)
    _refuse(new_code.diagnostics)
    if before is not None:
        is_same = _texts(before) == _texts(after)
        old_code = new_on_old if is_same else analyse(before, on_new=False)
        old_on_new = new_code if is_same else analyse(before, on_new=True)
        _refuse(old_code.diagnostics)
        ask = partial(describe, here)
        yield from find_effects(old_code, old_on_new, ask, Direction.OLD_CODE)
    ask = partial(describe, there)
    yield from find_effects(new_code, new_on_old, ask, Direction.NEW_CODE)


def _texts(source: Source) -> list[tuple[str, str]]:
    return [(file.source.path, file.source.text) for file in source.files]


def _refuse(diagnostics: Sequence[Diagnostic]) -> None:
    """Raise the errors among diagnostics."""
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise ReposgenError(sorted_diagnostics(errors))
