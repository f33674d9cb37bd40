"""The pipeline's part that observes the locks of migrations and of queries."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from reposgen.analysis.directives import DIRECTIVES
from reposgen.config.model import LockRule
from reposgen.contracts.locks.migrations import (
    Context,
    apply_waivers,
    judge_migration,
)
from reposgen.contracts.locks.model import JudgedMigration, LockFinding
from reposgen.contracts.locks.orders import judge_orders
from reposgen.contracts.locks.queries import Server as LockServer
from reposgen.contracts.locks.queries import lock_queries
from reposgen.contracts.locks.transactions import read_transactions
from reposgen.contracts.plans.sizes import known_sizes
from reposgen.database import (
    apply_in_steps,
    changeable_database,
    connect_to,
    open_server,
    statements_of,
)
from reposgen.database.model import Migrations
from reposgen.diagnostics import ReposgenError, Severity, error, note
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.lock_watch import watch, watched_tables
from reposgen.live_schema.locks import (
    read_bodies,
    read_locks,
    read_statement_locks,
    run_command,
)
from reposgen.live_schema.model.locks import Locks
from reposgen.models import dataclass
from reposgen.pipeline import judge_of
from reposgen.planning import package_statistics, read_package_migrations
from reposgen.project import Source, chosen_packages
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from psycopg import Connection

    from reposgen.analysis.model import Analysis
    from reposgen.comparison import State
    from reposgen.config import Config, PackageConfig
    from reposgen.contracts.locks.model import PackageLocks
    from reposgen.database import Progress, Server
    from reposgen.database.model import MigrationFile
    from reposgen.diagnostics import Diagnostic
    from reposgen.project import AnalysedPackage

    class Lint(Protocol):
        """Judges a file by general rules."""

        def __call__(
            self,
            file: MigrationFile,
            root: Path,
            *,
            major: int,
            is_in_transaction: bool,
        ) -> Sequence[Diagnostic]:
            """Return what the rules report.

            Args:
                file: the migration.
                root: the project's folder.
                major: the server's major version.
                is_in_transaction: True if the whole file runs in one transaction.
            """
            ...


RULES = (LockRule.LOCK_WAITS.value, LockRule.LOCK_HELD.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schema:
    """A schema with new migrations, and the packages that have it.

    Attributes:
        before: the migrations that are applied already.
        later: those after them, in order.
        judged: the paths of those that are judged.
    """

    before: Migrations
    later: Migrations
    judged: frozenset[str]
    packages: tuple[PackageConfig, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReport:
    """What is reported of migrations.

    Attributes:
        migrations: those that were judged, in order.
        notes: about the run.
        methods: the number of methods that run meanwhile.
    """

    migrations: tuple[JudgedMigration, ...]
    notes: tuple[Diagnostic, ...] = ()
    methods: int = 0


def read_package_locks(
    connection: Connection,
    analysis: Analysis,
    package: str,
    *,
    is_scratch: bool = False,
) -> PackageLocks:
    """Return the locks of the queries of a package.

    Args:
        connection: to the database that they were analysed in, in autocommit mode.
        analysis: of the package.
        package: its name.
        is_scratch: True if commands can be run in the database and undone.
    """
    catalog = read_catalog(connection)
    own = [f.oid for f in catalog.functions.values() if f.extension is None]
    return lock_queries(
        package,
        analysis,
        catalog,
        LockServer(
            describe=partial(describe, connection),
            locks=partial(read_statement_locks, connection),
            run=partial(run_command, connection) if is_scratch else None,
            bodies=read_bodies(connection, own),
            relations=read_locks(connection).relations,
        ),
    )


def observe_all(
    connection: Connection, source: Source, package: AnalysedPackage
) -> AnalysedPackage:
    """Return a package with the locks of all of its queries."""
    return _observed(connection, source, package, package.analysis)


def observe_transactions(
    connection: Connection, source: Source, package: AnalysedPackage
) -> AnalysedPackage:
    """Return a package with the locks of the queries that transactions name."""
    transactions, _ = read_transactions(source.files)
    if not transactions:
        return package
    named = {(call.file, call.query) for one in transactions for call in one.calls}
    files = {
        path: tuple(query for query in queries if (path, query.name) in named)
        for path, queries in package.analysis.files.items()
    }
    analysis = replace(package.analysis, files=files)
    return _observed(connection, source, package, analysis)


def _observed(
    connection: Connection,
    source: Source,
    package: AnalysedPackage,
    analysis: Analysis,
) -> AnalysedPackage:
    options = package.options
    locks = read_package_locks(connection, analysis, options.name)
    transactions, _ = read_transactions(source.files)
    orders = judge_orders(transactions, locks, analysis.catalog, options.vet)
    return replace(package, locks=locks, orders=orders)


def lock_migrations(
    old: State,
    new: Config,
    names: Sequence[str],
    progress: Progress,
    lint: Lint | None,
) -> LockReport:
    """Judge migrations by the locks that they take from the methods that run.

    Args:
        old: the code that runs meanwhile, and the migrations that are applied already.
        new: has the new migrations.
        names: of migrations; empty for those that the old state lacks.
        progress: told of each step that takes time.
        lint: judges a file by general rules; None applies none.

    Raises:
        ReposgenError: a state cannot be read, a migration fails, or none has a name.
    """
    schemas, notes = _schemas(old, new, names)
    found: list[JudgedMigration] = []
    methods = 0
    if schemas:
        with open_server(new.database.url, progress, new.url_origin) as server:
            for schema in schemas:
                progress(f"applying {', '.join(sorted(schema.judged))}")
                judging = _Judging(old, new, schema, lint)
                found += judging.run(server)
                notes += judging.notes
                methods += judging.methods
    return LockReport(
        migrations=tuple(found), notes=tuple(dict.fromkeys(notes)), methods=methods
    )


def _schemas(
    old: State, new: Config, names: Sequence[str]
) -> tuple[list[_Schema], list[Diagnostic]]:
    known = {one.name: one for one in old.config.packages}
    alike: dict[str, tuple[Migrations, list[PackageConfig]]] = {}
    for options in chosen_packages(new, ()):
        if options.schema_paths is not None:
            migrations = read_package_migrations(new, options)
            alike.setdefault(migrations.digest, (migrations, []))[1].append(options)
    schemas: list[_Schema] = []
    notes: list[Diagnostic] = []
    named = dict.fromkeys(names, False)
    for migrations, packages in alike.values():
        if names:
            judged = _named(migrations, named)
        else:
            judged, changed = _new(migrations, old, packages)
            notes += changed
        if judged:
            running = tuple(known.get(one.name, one) for one in packages)
            schemas.append(_split(migrations, judged, running, in_order=bool(names)))
    if unknown := [name for name, is_known in named.items() if not is_known]:
        raise ReposgenError(
            error(
                "unknown-migration",
                f'no package has a migration "{name}"',
                hint="name a file below schema, such as migrations/0007_owner.sql",
            )
            for name in unknown
        )
    return schemas, notes


def _named(migrations: Migrations, named: dict[str, bool]) -> frozenset[str]:
    """Return the paths of the files that are asked for, and mark their names."""
    found: set[str] = set()
    for file in migrations.files:
        for name in named:
            places = {file.path, str(file.place)} if file.place else {file.path}
            if name in places or file.path.endswith(f"/{name}"):
                found.add(file.path)
                named[name] = True
    return frozenset(found)


def _new(
    migrations: Migrations, old: State, packages: Sequence[PackageConfig]
) -> tuple[frozenset[str], list[Diagnostic]]:
    """Return the paths of the files that the old state lacks."""
    before: dict[str, str] = {}
    known = {one.name: one for one in old.config.packages}
    for options in packages:
        if (own := known.get(options.name)) and own.schema_paths is not None:
            there = old.migrations(own)
            for file in there.files if there else ():
                before[file.path] = _text(file)
    changed = [
        note(
            "migration-changed",
            f"{file.path} is not new and differs from the old state, so its locks are"
            " not judged",
            hint="write a new migration for what changes",
        )
        for file in migrations.files
        if file.path in before and before[file.path] != _text(file)
    ]
    return frozenset(f.path for f in migrations.files if f.path not in before), changed


def _text(file: MigrationFile) -> str:
    return "".join(part.text for part in file.parts)


def _split(
    migrations: Migrations,
    judged: frozenset[str],
    packages: tuple[PackageConfig, ...],
    *,
    in_order: bool,
) -> _Schema:
    """Return a schema with the files that are applied already set apart.

    Args:
        migrations: all of them.
        judged: paths of those that are judged.
        packages: that have the schema.
        in_order: True if those before the first judged one are applied already;
            otherwise it is all others.
    """
    files = migrations.files
    if in_order:
        first = next(i for i, file in enumerate(files) if file.path in judged)
        before, later = files[:first], files[first:]
    else:
        before = tuple(file for file in files if file.path not in judged)
        later = tuple(file for file in files if file.path in judged)
    path = migrations.search_path
    return _Schema(
        before=Migrations(files=before, search_path=path),
        later=Migrations(files=later, search_path=path),
        judged=judged,
        packages=packages,
    )


class _Judging:
    """Judge of the new migrations of one schema."""

    def __init__(
        self, old: State, new: Config, schema: _Schema, lint: Lint | None
    ) -> None:
        self._old = old
        self._new = new
        self._schema = schema
        self._lint = lint
        self.notes: list[Diagnostic] = []
        self.methods = 0

    def run(self, server: Server) -> list[JudgedMigration]:
        """Apply the migrations, and return what is reported of them."""
        schema = self._schema
        found: list[JudgedMigration] = []
        with (
            changeable_database(server, schema.before, schema.later) as name,
            connect_to(server, name) as asked,
            connect_to(server, name) as link,
        ):
            analyses = {one.name: self._analyse(asked, one) for one in schema.packages}
            rows = self._rows(analyses)
            for file in schema.later.files:
                locks = [
                    read_package_locks(asked, analysis, package, is_scratch=True)
                    for package, analysis in analyses.items()
                ]
                self._note_unobserved(locks)
                steps = apply_in_steps(
                    link,
                    file,
                    partial(read_locks, link),
                    partial(_watched, link, partial(connect_to, server, name)),
                )
                if file.path not in schema.judged:
                    continue
                options = {
                    rule: option
                    for one in reversed(schema.packages)
                    for rule, option in one.vet.items()
                }
                context = Context(packages=locks, rows=rows, options=options)
                judged = judge_migration(file, steps, context)
                together = len({step.transaction for step in steps}) <= 1
                general = (
                    self._lint(
                        file,
                        self._new.root,
                        major=server.version // 10000,
                        is_in_transaction=together,
                    )
                    if self._lint
                    else ()
                )
                findings = apply_waivers(
                    statements_of(file.parts),
                    (*judged.findings, *(LockFinding(diagnostic=d) for d in general)),
                    RULES,
                    with_squawk=self._lint is not None,
                )
                found.append(JudgedMigration(file=file, findings=_sorted(findings)))
        return found

    def _analyse(self, link: Connection, options: PackageConfig) -> Analysis:
        files = read_query_files(
            options.queries, self._old.config.root, directives=DIRECTIVES
        )
        source = Source(options=options, files=files, migrations=self._schema.before)
        analysis = judge_of(link, read_catalog(link), source)(files)
        written = sum(len(file.queries) for file in files)
        self.methods += sum(len(several) for several in analysis.files.values())
        lost = {d.span for d in analysis.diagnostics if d.severity is Severity.ERROR}
        if lost:
            judged = sum(len(several) for several in analysis.files.values())
            self.notes.append(
                note(
                    "queries-not-running",
                    f"{written - judged} of {written} queries of {options.name} do not"
                    " run on the schema before the migration and wait for nothing",
                )
            )
        return analysis

    def _note_unobserved(self, locks: Sequence[PackageLocks]) -> None:
        """Note the queries whose locks the server does not tell."""
        for one in locks:
            for several in one.queries.values():
                self.notes += (
                    note(
                        "lock-unobserved",
                        f"whether {query.method} waits is unknown: {query.unobserved}",
                    )
                    for query in several
                    if query.unobserved is not None
                )

    def _rows(
        self, analyses: Mapping[str, Analysis]
    ) -> Mapping[tuple[str, str], float]:
        """Return the rows of tables in production, as far as packages say."""
        found: dict[tuple[str, str], float] = {}
        for options in self._schema.packages:
            sizes = known_sizes(
                analyses[options.name].catalog, options, package_statistics(options)
            )
            found |= {table: size.rows for table, size in sizes.items()}
        return found


def _watched(
    link: Connection,
    connect: Callable[[], Connection],
    statement: str,
    run: Callable[[], str],
) -> tuple[str, Locks | None]:
    """Run a statement that cannot be in a transaction, and return what it locked."""
    tables = watched_tables(statement, [*read_locks(link).relations.values()])
    if tables is None:
        return run(), None
    tag, modes = watch(link, connect, tables, run)
    relations = read_locks(link).relations
    # Nobody uses an index any more when its end is to be locked.
    kept = {oid: several for oid, several in modes.items() if oid in relations}
    return tag, Locks(modes=kept, relations=relations)


def _sorted(findings: Sequence[LockFinding]) -> tuple[LockFinding, ...]:
    """Return findings in the order of their places."""
    return tuple(
        sorted(
            findings,
            key=lambda one: one.diagnostic.span.start if one.diagnostic.span else -1,
        )
    )
