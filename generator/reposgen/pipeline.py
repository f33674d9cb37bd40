"""The whole tool on one screen: its stages in order, and what each hands on."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from reposgen import __version__
from reposgen.analysis.analyse import analyse as judge_queries
from reposgen.cache.analyses import judged_files
from reposgen.cache.project import NO_CACHE, ProjectCache
from reposgen.cache.texts import known_texts
from reposgen.collector import collector_paused
from reposgen.database import (
    existing_database,
    open_server,
    read_migrations,
    scratch_database,
)
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
    chosen_packages,
    kept_files,
)
from reposgen.python_model.build import build_package
from reposgen.render.render import render_output
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from reposgen.cache.analyses import JudgedFiles
    from reposgen.config import Config
    from reposgen.database import Server
    from reposgen.output.compare import Comparison

    Progress = Callable[[str], None]


@collector_paused()
def analyse(
    config: Config,
    names: Sequence[str],
    progress: Progress,
    cache: ProjectCache = NO_CACHE,
) -> Project:
    """Read and judge packages: those named, or all.

    Args:
        config: which packages there are.
        names: of the packages that are asked for.
        progress: told of each step that takes time.
        cache: saves judging what was judged before.

    Raises:
        ReposgenError: a name is no package's. All else is in the diagnostics.
    """
    findings = Findings()
    sources: list[tuple[Source, JudgedFiles]] = []
    packages: list[AnalysedPackage] = []
    for options in chosen_packages(config, names):
        with findings.collected():
            known = judged_files(cache, options)
            sources.append((_read(config.root, known, findings), known))
    with (
        findings.collected(at=config.url_place),
        open_server(config.database.url, progress=progress) as server,
    ):
        for source, known in sources:
            with findings.collected():
                progress(f"analysing {source.options.name}")
                package = _judge(server, source, known)
                findings.add(package.analysis.diagnostics)
                findings.add(package.code.diagnostics)
                packages.append(package)
    return Project(
        config=config, packages=tuple(packages), diagnostics=findings.sorted()
    )


def _read(root: Path, known: JudgedFiles, findings: Findings) -> Source:
    files = read_query_files(known.options.queries, root, known.read)
    findings.add([d for file in files for d in file.diagnostics])
    schema = known.options.schema_paths
    migrations = read_migrations(schema, root) if schema else None
    findings.add(migrations.diagnostics if migrations else ())
    return Source(options=known.options, files=files, migrations=migrations)


def _judge(server: Server, source: Source, known: JudgedFiles) -> AnalysedPackage:
    made = source.migrations
    database = scratch_database(server, made) if made else existing_database(server)
    with database as connection:
        catalog = read_catalog(connection)
        judge = partial(
            judge_queries,
            catalog=catalog,
            describe=partial(describe, connection),
            read_system=partial(read_catalog, connection),
            read_functions=partial(read_sql_functions, connection),
            declared=source.declared,
            not_null=source.options.not_null_functions,
        )
        analysis = known.judge(source, catalog, judge)
    code = build_package(analysis, source.options)
    return AnalysedPackage(options=source.options, analysis=analysis, code=code)


@collector_paused()
def output_files(project: Project, cache: ProjectCache = NO_CACHE) -> Mapping[str, str]:
    """The text of each file of the output directory but its manifest, by path.

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
        versions={"reposgen": __version__, "black": version("black")},
        shown=project.config.output.directory,
        written=written,
    )
