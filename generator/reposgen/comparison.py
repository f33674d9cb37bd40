"""Two states of a project: the code of each on the schema of the other."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from reposgen.analysis.directives import DIRECTIVES
from reposgen.contracts.model import PackageImpact
from reposgen.database import open_server, read_migrations, schema_database
from reposgen.diagnostics import ReposgenError, Severity, sorted_diagnostics
from reposgen.models import dataclass
from reposgen.project import Source, chosen_packages
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    # It takes longer to load than a comparison that finds nothing changed.
    from reposgen.crossing import effects_of  # noqa: PLC0415 - see above

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
                found[name] = [*effects_of(code, after, there, here)]
    return found


def _refuse(diagnostics: Sequence[Diagnostic]) -> None:
    """Raise the errors among diagnostics."""
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise ReposgenError(sorted_diagnostics(errors))
