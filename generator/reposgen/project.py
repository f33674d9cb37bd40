"""What a run of the pipeline collects."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import field, replace
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from reposgen import __version__
from reposgen.analysis.declarations import Declared
from reposgen.contracts.ignores import (
    DOC_RULES,
    apply_ignores,
    check_ignores,
    judged_rules,
)
from reposgen.contracts.plans.sizes import check_rows
from reposgen.diagnostics import (
    Diagnostic,
    ReposgenError,
    Severity,
    error,
    note,
    sorted_diagnostics,
    warning,
)
from reposgen.models import dataclass
from reposgen.output.files import normalised, owned_files, present_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Analysis
    from reposgen.config import Config, PackageConfig
    from reposgen.contracts.model import Tenancy
    from reposgen.contracts.plans.model import PackagePlans
    from reposgen.database.model import Migrations
    from reposgen.diagnostics import Span
    from reposgen.python_model.model import Package
    from reposgen.sql_source.model import QueryFile


# What is known of a package from an earlier run.
Known = TypeVar("Known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is read of one package before a server is asked.

    Attributes:
        migrations: None: the database is analysed as it stands.
    """

    options: PackageConfig
    files: tuple[QueryFile, ...]
    migrations: Migrations | None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What there is to say of the files as they were read.

        Of a file that is the schema as well, what is no query needs no name line.
        """
        schema = (
            {file.path for file in self.migrations.files} if self.migrations else ()
        )
        found = list(self.migrations.diagnostics) if self.migrations else []
        for file in self.files:
            own = file.diagnostics
            if file.source.path in schema:
                own = tuple(d for d in own if d.code != "statement-without-name")
                if own != file.diagnostics:
                    found.append(_used_twice(file.source.path))
            found += own
        return tuple(found)

    @property
    def declared(self) -> Declared:
        """What the package's options say to the analysis."""
        return Declared(
            null_elements=self.options.null_elements,
            takes_first=self.options.takes_first,
            tenant=self.options.tenant.setting,
            types={name: written.type for name, written in self.options.types.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedPackage:
    """What was found out about one package, and the code that it becomes.

    Attributes:
        tenancy: None unless the package names the column that tells tenants apart.
        plans: None unless they were asked for, and the sizes of tables are known.
        obstacle: why its queries cannot be planned, or None.
    """

    options: PackageConfig
    analysis: Analysis
    code: Package
    tenancy: Tenancy | None = None
    plans: PackagePlans | None = None
    obstacle: Diagnostic | None = None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What there is to say about its queries, but what they ignore."""
        return self.without_ignored(
            (
                *self.analysis.diagnostics,
                *self.code.diagnostics,
                *check_ignores(self.analysis),
                *check_rows(self.analysis.catalog, self.options),
                *((self.obstacle,) if self.obstacle else ()),
                *(self.tenancy.diagnostics if self.tenancy else ()),
                *(self.plans.diagnostics if self.plans else ()),
            )
        )

    def without_ignored(
        self, found: Sequence[Diagnostic], judged: Collection[str] | None = None
    ) -> tuple[Diagnostic, ...]:
        """Return the diagnostics that no query of the package ignores.

        Args:
            found: diagnostics about the package.
            judged: the rules that were applied; None: those of every run.
        """
        if judged is None:
            judged = judged_rules(plans=self.plans is not None)
        return apply_ignores(self.analysis, found, judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The packages that were asked for.

    Attributes:
        packages: in the file's order; those whose schema fails are left out.
        diagnostics: of the whole run, by file and place.
    """

    config: Config
    packages: tuple[AnalysedPackage, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def code(self) -> tuple[Package, ...]:
        """The Python code of each package."""
        return tuple(package.code for package in self.packages)

    @property
    def has_errors(self) -> bool:
        """Whether nothing may be written."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)

    @property
    def looks_at_classes(self) -> bool:
        """Whether what is generated depends on the user's modules."""
        return any(
            package.options.types or query.classes
            for package in self.packages
            for queries in package.analysis.files.values()
            for query in queries
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """The diagnostics of a run, gathered while it goes on."""

    found: dict[Diagnostic, None] = field(default_factory=dict)

    def add(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Note some more; what is known already does not count twice."""
        self.found.update(dict.fromkeys(diagnostics))

    @contextmanager
    def collected(self, at: Span | str | None = None) -> Iterator[None]:
        """Note what ends the block, and go on behind it.

        Args:
            at: the place of what names none itself, or the name of that place.
        """
        import psycopg  # noqa: PLC0415 - a run that compares digests needs none of it

        try:
            yield
        except ReposgenError as failed:
            self.add([_placed(d, at) for d in failed.diagnostics])
        except psycopg.OperationalError:
            self.add([_connection_lost()])

    def sorted(self) -> tuple[Diagnostic, ...]:
        """By file and place."""
        return sorted_diagnostics(self.found)


def _placed(diagnostic: Diagnostic, at: Span | str | None) -> Diagnostic:
    if diagnostic.span or at is None:
        return diagnostic
    if isinstance(at, str):
        return replace(diagnostic, path=diagnostic.path or at)
    return replace(diagnostic, span=at)


def chosen_packages(config: Config, names: Sequence[str]) -> tuple[PackageConfig, ...]:
    """Return the packages of those names; without names, all of them.

    Raises:
        ReposgenError: a name is no package's.
    """
    known = {package.name: package for package in config.packages}
    if unknown := [name for name in names if name not in known]:
        raise ReposgenError(
            error(
                "unknown-package",
                f'there is no package "{name}"',
                path=config.file,
                hint=f"available packages: {', '.join(known)}",
            )
            for name in unknown
        )
    return tuple(known[name] for name in dict.fromkeys(names or known))


def by_schema(
    sources: Sequence[tuple[Source, Known]],
) -> Iterator[tuple[Migrations | None, Sequence[tuple[Source, Known]]]]:
    """Return each schema with the packages that have it: they share one database.

    Args:
        sources: each package's, with anything that belongs to the package.
    """
    alike: dict[str | None, list[tuple[Source, Known]]] = {}
    for pair in sources:
        migrations = pair[0].migrations
        alike.setdefault(migrations.digest if migrations else None, []).append(pair)
    for several in alike.values():
        yield several[0][0].migrations, several


def in_order(
    packages: Sequence[AnalysedPackage], config: Config
) -> tuple[AnalysedPackage, ...]:
    """Return the packages in the order of the configuration file."""
    places = {package.name: place for place, package in enumerate(config.packages)}
    return tuple(sorted(packages, key=lambda package: places[package.options.name]))


def undocumented(project: Project) -> tuple[Diagnostic, ...]:
    """Return a warning for each query whose method has no docstring of its own."""
    found: list[Diagnostic] = []
    for package in project.packages:
        own = [
            warning(
                "missing-doc",
                f"{query.name} has no docstring",
                span=query.query.name_span,
                hint="describe it in a comment below this line: -- The open tasks.",
            )
            for queries in package.analysis.files.values()
            for query in queries
            if not query.doc
        ]
        found += package.without_ignored(own, DOC_RULES)
    return tuple(found)


def wide_invalidations(project: Project) -> tuple[Diagnostic, ...]:
    """Yield a note for each cached read of which some write invalidates all results."""
    found: list[Diagnostic] = []
    for package in project.packages:
        for read, several in groupby(package.code.invalidations, lambda one: one.read):
            wide = [one for one in several if one.is_precise is False]
            if not wide or read.cache is None:
                continue
            names = ", ".join(dict.fromkeys(one.write.name for one in wide))
            found.append(
                Diagnostic(
                    code="cache-whole-table",
                    message=f"all results of {read.name} are invalidated by each call"
                    f" of {names}: {wide[0].why}",
                    severity=Severity.NOTE,
                    span=read.cache.span,
                    hint="compare the key with one value in the write, or return it",
                )
            )
    return tuple(found)


def kept_files(project: Project) -> Mapping[str, str]:
    """Files of packages that were not asked for, as they are on disk, by path.

    Parts of a vendored run time are among them: those packages may need more of it.
    """
    asked = {package.options.name for package in project.packages}
    others = {p.name for p in project.config.packages if p.name not in asked}
    if not others:
        return {}
    if project.config.is_vendored:
        others.add("runtime")
    directory = project.config.output_directory
    present = present_files(directory)
    return {
        path: normalised(content).decode()
        for path, content in present.items()
        if path.split("/")[0] in others
        and content is not None
        and path in owned_files(directory, present)
    }


def _used_twice(path: str) -> Diagnostic:
    return note(
        "schema-and-queries",
        f"{path} is used for schema and for queries: statements without a name line"
        " belong to the schema",
    )


def _connection_lost() -> Diagnostic:
    return error(
        "connection-lost",
        "the server went away in the middle of the run",
        hint="is it up? reposgen doctor tells which one was asked",
    )


def versions() -> Mapping[str, str]:
    """Return the versions that the manifest states, of what writes code now."""
    return {"reposgen": __version__, "black": version("black")}
