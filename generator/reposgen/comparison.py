"""Two states of a project: the code of each on the schema of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.contracts.model import PackageImpact
from reposgen.database import read_migrations
from reposgen.models import dataclass
from reposgen.project import chosen_packages
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reposgen.config import Config, PackageConfig
    from reposgen.database import Migrations

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

    def migrations(self, options: PackageConfig) -> Migrations | None:
        """Return what makes the schema of a package; None for a database as it stands.

        Raises:
            ReposgenError: files cannot be read.
        """
        written = None if self.url else self.schema or options.schema_paths
        path = options.search_path or ()
        return read_migrations(written, self.config.root, path) if written else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageStates:
    """A package in both states."""

    name: str
    before: PackageConfig
    after: PackageConfig
    old_schema: Migrations | None
    new_schema: Migrations | None


def compare_states(
    old: State, new: State, names: Sequence[str], progress: Progress
) -> tuple[PackageImpact, ...]:
    """Return what a release does to the methods of packages.

    The queries of a package whose schema did not change are not analysed.

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
    several = [
        PackageStates(
            name=package.name,
            before=known[package.name],
            after=package,
            old_schema=old.migrations(known[package.name]),
            new_schema=new.migrations(package),
        )
        for package in chosen_packages(new.config, names)
        if package.name in known
    ]
    changed = [one for one in several if not _is_unchanged(old, new, one)]
    found: dict[str, PackageImpact] = {}
    if changed:
        # It takes longer to load than a comparison that finds nothing changed.
        from reposgen.crossing import compare_packages  # noqa: PLC0415 - see above

        found = compare_packages(old, new, changed, progress)
    return tuple(found.get(one.name) or _unaffected(old, one) for one in several)


def _is_unchanged(old: State, new: State, one: PackageStates) -> bool:
    """Return True if both states have one schema: then no code meets another one."""
    before, after = one.old_schema, one.new_schema
    if before is None or after is None:
        return before is after and old.url == new.url
    return before.digest == after.digest


def _unaffected(old: State, one: PackageStates) -> PackageImpact:
    files = read_query_files(one.before.queries, old.config.root)
    methods = sum(len(file.queries) for file in files)
    return PackageImpact(package=one.name, methods=methods, effects=())
