"""The whole tool on one screen: its stages in order, and what each hands on."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from reposgen.analysis.analyse import analyse as judge_queries
from reposgen.analysis.directives import DIRECTIVES
from reposgen.cache.analyses import analysed_files
from reposgen.cache.project import NO_CACHE, ProjectCache
from reposgen.cache.texts import known_texts
from reposgen.collector import collector_paused
from reposgen.contracts.tenants import judge_tenants
from reposgen.database import open_server, read_migrations
from reposgen.diagnostics import ReposgenError
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.output.compare import compare as compare_files
from reposgen.output.replace import replace as replace_files
from reposgen.project import (
    AnalysedPackage,
    Findings,
    Project,
    Source,
    by_schema,
    chosen_packages,
    in_order,
    kept_files,
    unobserved,
    versions,
)
from reposgen.python_model.build import build_package
from reposgen.render.render import render_output
from reposgen.schemas import open_schema
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from reposgen.cache.analyses import AnalysedFiles, Judge
    from reposgen.config import Config
    from reposgen.database import OpenServer, Progress
    from reposgen.live_schema.model import Catalog
    from reposgen.output.compare import Comparison
    from reposgen.project import Observe
    from reposgen.schemas import OpenSchema


@collector_paused()
def analyse(
    config: Config,
    names: Sequence[str],
    progress: Progress,
    cache: ProjectCache = NO_CACHE,
    *,
    serve: OpenServer = open_server,
    schemas: OpenSchema = open_schema,
    observe: Observe = unobserved,
) -> Project:
    """Read and judge packages: those named, or all.

    Args:
        config: which packages there are.
        names: of the packages that are asked for.
        progress: told of each step that takes time.
        cache: saves judging what was judged before.
        serve: opens the server that is asked.
        schemas: opens a database with the schema of packages.
        observe: returns a package with its locks, if they are wanted.

    Raises:
        ReposgenError: a name is no package's. All else is in the diagnostics.
    """
    findings = Findings()
    sources: list[tuple[Source, AnalysedFiles]] = []
    packages: list[AnalysedPackage] = []
    root, read_schema = config.root, lru_cache(None)(read_migrations)
    for options in chosen_packages(config, names):
        with findings.collected():
            known = analysed_files(cache, options)
            files = read_query_files(options.queries, root, known.read, DIRECTIVES)
            schema, path = options.schema_paths, options.search_path or ()
            migrations = read_schema(schema, root, path) if schema else None
            source = Source(options=options, files=files, migrations=migrations)
            findings.add(source.diagnostics)
            sources.append((source, known))
    with (
        findings.collected(at=config.url_place),
        serve(config.database.url, progress, config.url_origin) as server,
    ):
        findings.add(server.notes)
        for migrations, alike in by_schema(sources):
            with findings.collected(), schemas(server, migrations) as (link, catalog):
                findings.add(server.notes_for(catalog.extensions))
                for source, known in alike:
                    progress(f"analysing {source.options.name}")
                    with findings.collected():
                        package = _judge(link, catalog, source, known)
                        package = observe(link, source, package)
                        findings.add(package.diagnostics)
                        packages.append(package)
    ordered = in_order(packages, config)
    return Project(config=config, packages=ordered, diagnostics=findings.sorted())


def _judge(
    connection: Connection, catalog: Catalog, source: Source, known: AnalysedFiles
) -> AnalysedPackage:
    analysis = known.judge(source, catalog, judge_of(connection, catalog, source))
    ask = partial(describe, connection)
    functions = partial(read_sql_functions, connection)
    return AnalysedPackage(
        options=source.options,
        analysis=analysis,
        code=build_package(analysis, source.options),
        tenancy=judge_tenants(analysis, source.options, ask, functions),
    )


def judge_of(connection: Connection, catalog: Catalog, source: Source) -> Judge:
    """Return the function that analyses files of a package in a database."""
    return partial(
        judge_queries,
        catalog=catalog,
        describe=partial(describe, connection),
        read_system=partial(read_catalog, connection),
        read_functions=partial(read_sql_functions, connection),
        declared=source.declared,
        not_null=source.options.not_null_functions,
    )


@collector_paused()
def output_files(project: Project, cache: ProjectCache = NO_CACHE) -> Mapping[str, str]:
    """Return the text of each file of the output directory but its manifest, by path.

    Raises:
        ReposgenError: the project has errors.
    """
    if project.has_errors:
        raise ReposgenError(project.diagnostics)
    with known_texts(cache) as known:
        files = render_output(project.code, known, vendored=project.config.is_vendored)
    return {**kept_files(project), **files}


def deliver(
    project: Project, files: Mapping[str, str], written: Mapping[str, str], write: bool
) -> Comparison:
    """Return how the output directory differs, and replace it if `write`.

    Raises:
        ReposgenError: the directory cannot be read or written.
    """
    return (replace_files if write else compare_files)(
        project.config.output_directory,
        files,
        versions=versions(),
        shown=project.config.output.directory,
        written=written,
    )
