"""The code of two states of a package, each on both schemas."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reposgen.analysis.directives import DIRECTIVES
from reposgen.contracts.impact import find_effects
from reposgen.contracts.lacking import lacking
from reposgen.contracts.model import Direction, EffectKind, PackageImpact
from reposgen.contracts.plan_effects import (
    PlannedStates,
    find_plan_effects,
    query_plans,
)
from reposgen.contracts.unexamined import functions_of
from reposgen.database import open_server, schema_database
from reposgen.diagnostics import ReposgenError, Severity, sorted_diagnostics
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.function_sources import read_sources
from reposgen.models import dataclass
from reposgen.pipeline import judge_of
from reposgen.planning import has_sizes, package_planner, planning_obstacle
from reposgen.project import Source
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from reposgen.analysis.model import Analysis
    from reposgen.comparison import PackageStates, Progress, State
    from reposgen.config import PackageConfig
    from reposgen.contracts.model import Effect
    from reposgen.contracts.plan_effects import Plans
    from reposgen.database import Migrations, Server
    from reposgen.diagnostics import Diagnostic
    from reposgen.planning import PlanPackage


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
                crossing = _cross(code, after, there, here)
            impact = replace(crossing.impact(name), methods=methods)
            if has_sizes(after.options):
                progress(f"planning {name}")
                server = running[new.url or made]
                impact = _planned(
                    impact, crossing, before, after, server=server, new=new
                )
            found[name] = impact
    return found


def _source(
    state: State, options: PackageConfig, migrations: Migrations | None
) -> Source:
    root = state.config.root
    files = read_query_files(options.queries, root, directives=DIRECTIVES)
    source = Source(options=options, files=files, migrations=migrations)
    _refuse(source.diagnostics)
    return source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crossing:
    """The code of two states, analysed on the schemas of both.

    Attributes:
        old: the old code on its own schema; None if it is not known.
        old_on_new: the old code on the new schema.
        new: the new code on its own schema.
        new_on_old: the new code on the old schema.
    """

    old: Analysis | None
    old_on_new: Analysis | None
    new: Analysis
    new_on_old: Analysis
    effects: tuple[Effect, ...]

    def impact(self, name: str) -> PackageImpact:
        """Return what becomes of the methods of the package."""
        catalogs = self.new_on_old.catalog, self.new.catalog
        on_old = [e for e in self.effects if e.direction is Direction.NEW_CODE]
        on_new = [e for e in self.effects if e.direction is Direction.OLD_CODE]
        return PackageImpact(
            package=name,
            methods=sum(map(len, self.new.files.values())),
            effects=self.effects,
            needs=lacking(self.new, catalogs[0], on_old),
            keeps=lacking(self.old, catalogs[1], on_new) if self.old else (),
        )


def _cross(
    before: Source | None, after: Source, there: Connection, here: Connection
) -> _Crossing:
    """Analyse the code of both states on both schemas, and find the effects.

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
    old_code = old_on_new = None
    if before is not None:
        is_same = _texts(before) == _texts(after)
        old_code = new_on_old if is_same else analyse(before, on_new=False)
        old_on_new = new_code if is_same else analyse(before, on_new=True)
        _refuse(old_code.diagnostics)
    names = functions_of(new_code, old_code or new_on_old)
    on_old, on_new = (
        read_sources(link, catalog, names)
        for link, catalog in zip((there, here), catalogs, strict=True)
    )
    effects: list[Effect] = []
    if old_code is not None and old_on_new is not None:
        ask = partial(describe, here)
        effects += find_effects(
            old_code, old_on_new, ask, Direction.OLD_CODE, (on_old, on_new)
        )
    ask = partial(describe, there)
    effects += find_effects(
        new_code, new_on_old, ask, Direction.NEW_CODE, (on_new, on_old)
    )
    return _Crossing(
        old=old_code,
        old_on_new=old_on_new,
        new=new_code,
        new_on_old=new_on_old,
        effects=tuple(effects),
    )


def _planned(
    impact: PackageImpact,
    crossing: _Crossing,
    before: Source,
    after: Source,
    *,
    server: Server,
    new: State,
) -> PackageImpact:
    """Return the impact with what becomes of the plans of methods.

    Both schemas are planned on with the sizes of the new configuration. Tables that it
    does not know have those of the old one.
    """
    obstacle = planning_obstacle(after.options, new.config)
    there, here = before.migrations, after.migrations
    # There is no copy of a database as it stands that could be made to look large.
    if there is None or here is None or obstacle is not None:
        return replace(impact, obstacle=obstacle)
    rows = {**before.options.rows, **after.options.rows}
    options = after.options.model_copy(update={"rows": rows})
    old, old_on_new = crossing.old, crossing.old_on_new
    new_code, new_on_old = crossing.new, crossing.new_on_old
    is_same = old is new_on_old

    def plans(plan: PlanPackage, analysis: Analysis, own: Analysis) -> Plans:
        return query_plans(plan(analysis, own), analysis)

    with package_planner(server, there, options, new_on_old.catalog) as plan:
        a = plans(plan, old, old) if old else {}
        d = a if is_same else plans(plan, new_on_old, new_code)
    with package_planner(server, here, options, new_code.catalog) as plan:
        c = plans(plan, new_code, new_code)
        b = c
        if old_on_new and old and not is_same:
            b = plans(plan, old_on_new, old)
    states = PlannedStates(old=a, old_on_new=b, new=c, new_on_old=d)
    broken = {
        (effect.direction, effect.file, effect.query)
        for effect in impact.effects
        if effect.kind is EffectKind.BREAKS
    }
    found = find_plan_effects(states, broken)
    return replace(impact, effects=(*impact.effects, *found))


def _texts(source: Source) -> list[tuple[str, str]]:
    return [(file.source.path, file.source.text) for file in source.files]


def _refuse(diagnostics: Sequence[Diagnostic]) -> None:
    """Raise the errors among diagnostics."""
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise ReposgenError(sorted_diagnostics(errors))
