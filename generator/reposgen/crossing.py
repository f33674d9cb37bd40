"""The code of two states of a package, each on both schemas."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reposgen.analysis.directives import DIRECTIVES
from reposgen.contracts.impact import find_effects
from reposgen.contracts.lacking import lacking
from reposgen.contracts.model import Direction, PackageImpact
from reposgen.database import open_server, schema_database
from reposgen.diagnostics import ReposgenError, Severity, sorted_diagnostics
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.pipeline import judge_of
from reposgen.project import Source
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from reposgen.analysis.model import Analysis
    from reposgen.comparison import PackageStates, Progress, State
    from reposgen.config import PackageConfig
    from reposgen.contracts.model import Effect
    from reposgen.database import Migrations
    from reposgen.diagnostics import Diagnostic


def compare_packages(
    old: State, new: State, several: Sequence[PackageStates], progress: Progress
) -> dict[str, PackageImpact]:
    """Analyse the queries of both states on both schemas, and compare them.

    Raises:
        ReposgenError: queries have errors on their own schema.
    """
    sources = [
        (
            one.name,
            _source(old, one.before, one.old_schema),
            _source(new, one.after, one.new_schema),
        )
        for one in several
    ]
    found: dict[str, PackageImpact] = {}
    made, origin = new.config.database.url, new.config.url_origin
    with ExitStack() as servers:
        urls = dict.fromkeys((old.url or made, new.url or made))
        running = {
            url: servers.enter_context(open_server(url, progress, origin))
            for url in urls
        }
        for name, before, after in sources:
            progress(f"comparing {name}")
            with (
                schema_database(running[old.url or made], before.migrations) as there,
                schema_database(running[new.url or made], after.migrations) as here,
            ):
                code = before if old.has_code else None
                methods = sum(len(file.queries) for file in before.files)
                impact = _impact(name, code, after, there, here)
                found[name] = replace(impact, methods=methods)
    return found


def _source(
    state: State, options: PackageConfig, migrations: Migrations | None
) -> Source:
    root = state.config.root
    files = read_query_files(options.queries, root, directives=DIRECTIVES)
    source = Source(options=options, files=files, migrations=migrations)
    _refuse(source.diagnostics)
    return source


def _impact(
    name: str,
    before: Source | None,
    after: Source,
    there: Connection,
    here: Connection,
) -> PackageImpact:
    """Return what becomes of the methods of a package.

    Args:
        name: the package's.
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
    effects: list[Effect] = []
    keeps: tuple[str, ...] = ()
    if before is not None:
        is_same = _texts(before) == _texts(after)
        old_code = new_on_old if is_same else analyse(before, on_new=False)
        old_on_new = new_code if is_same else analyse(before, on_new=True)
        _refuse(old_code.diagnostics)
        ask = partial(describe, here)
        effects += find_effects(old_code, old_on_new, ask, Direction.OLD_CODE)
        keeps = lacking(old_code, catalogs[1], effects)
    ask = partial(describe, there)
    on_old = find_effects(new_code, new_on_old, ask, Direction.NEW_CODE)
    return PackageImpact(
        package=name,
        methods=sum(len(file.queries) for file in after.files),
        effects=(*effects, *on_old),
        needs=lacking(new_code, catalogs[0], on_old),
        keeps=keeps,
    )


def _texts(source: Source) -> list[tuple[str, str]]:
    return [(file.source.path, file.source.text) for file in source.files]


def _refuse(diagnostics: Sequence[Diagnostic]) -> None:
    """Raise the errors among diagnostics."""
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise ReposgenError(sorted_diagnostics(errors))
