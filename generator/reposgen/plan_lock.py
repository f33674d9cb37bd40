"""The folder `plans/`: the plans that queries had, and what changed them since."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reposgen.analysis.directives import DIRECTIVES
from reposgen.contracts.plans.lockfile import (
    HEAD,
    lock_texts,
    plan_text,
    sections,
    titles,
)
from reposgen.database import open_server, schema_database
from reposgen.diagnostics import ReposgenError, error, warning
from reposgen.live_schema.catalog import read_catalog
from reposgen.models import dataclass
from reposgen.pipeline import judge_of
from reposgen.planning import package_statistics, plan_package, read_package_migrations
from reposgen.project import Source
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.config import Config
    from reposgen.contracts.plans.model import PackagePlans, PlannedQuery
    from reposgen.database import Migrations, Progress, Server
    from reposgen.diagnostics import Diagnostic
    from reposgen.project import AnalysedPackage

FOLDER: Final = "plans"
STATE: Final = "lock.toml"
_STATE_HEAD: Final = (
    "# Written by reposgen plans: what the plans in this folder were made with."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """A variant of a query whose plan is not the one that is kept.

    Attributes:
        title: the query, and the variant: `ListTasks: with status`.
        before: the plan that is kept, or None.
        after: the plan that the server makes now, or None.
        path: of the file, relative to the project.
    """

    planned: PlannedQuery | None
    title: str
    before: str | None
    after: str | None
    path: str
    cause: str | None = None

    @property
    def diff(self) -> str:
        """A unified diff of the plan."""
        kept, now = (self.before or "").splitlines(), (self.after or "").splitlines()
        lines = difflib.unified_diff(kept, now, "kept", "now", lineterm="", n=99)
        return "\n".join(lines)

    @property
    def diagnostic(self) -> Diagnostic:
        """The change as a finding, at the query's name."""
        title, by = self.title, f" by {self.cause}" if self.cause else ""
        if self.before is None:
            return _finding(
                "plan-missing", f"the plan of {title} is not in the lockfile", self
            )
        if self.after is None:
            what = f"there is a plan of {title}, which no longer exists"
            return _finding("plan-leftover", what, self)
        return _finding("plan-changed", f"the plan of {title} changed{by}", self)


def _finding(code: str, message: str, change: PlanChange) -> Diagnostic:
    span = change.planned.query.query.name_span if change.planned else None
    return warning(
        code,
        message,
        span=span,
        path=None if span else change.path,
        hint="if this is intended, run reposgen plans",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What plans were made with.

    Attributes:
        server: major version.
        sizes: a digest of the sizes of tables and the settings of the planner.
        migrations: digests of the files, by path, in order.
    """

    server: int
    sizes: str
    migrations: Mapping[str, str]


def write_plans(config: Config, package: AnalysedPackage) -> int:
    """Write the plans of a package, and remove those of files that are gone.

    Returns:
        How many files are different from before.

    Raises:
        ReposgenError: a file in the folder was not written by reposgen.
    """
    if package.plans is None:
        return 0
    folder = _folder(config, package)
    wanted = dict(lock_texts(package.plans))
    wanted[STATE] = _written(_state(config, package, package.plans))
    heads = (HEAD, _STATE_HEAD)
    present = {
        path.name: path.read_text(encoding="utf-8")
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.is_file() and path.suffix in {".txt", ".toml"}
    }
    for name in wanted.keys() & present.keys():
        if not present[name].startswith(heads):
            raise ReposgenError(
                [
                    error(
                        "plans-foreign-file",
                        "the file is not reposgen's, and a plan would be written to it",
                        path=_shown(package, name),
                        hint="move it elsewhere",
                    )
                ]
            )
    changed = {n for n, text in wanted.items() if present.get(n) != text}
    stale = {
        n for n, text in present.items() if n not in wanted and text.startswith(heads)
    }
    if changed:
        folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(changed):
        beside = folder / f".{name}.new"
        beside.write_text(wanted[name], encoding="utf-8", newline="\n")
        beside.replace(folder / name)
    for name in stale:
        (folder / name).unlink()
    return len(changed | stale)


def compare_plans(
    config: Config, package: AnalysedPackage, progress: Progress
) -> tuple[PlanChange, ...]:
    """Return where the plans of a package are not those that are kept.

    Raises:
        ReposgenError: no plans are kept, or they cannot be read.
    """
    plans = package.plans
    if plans is None:
        return ()
    state = _read_state(config, package)
    changes = [*_changes(config, package, plans)]
    if not any(one.before and one.after for one in changes):
        return tuple(changes)
    now = _state(config, package, plans)
    return tuple(_explained(config, package, changes, (state, now), progress))


def _changes(
    config: Config, package: AnalysedPackage, plans: PackagePlans
) -> Iterator[PlanChange]:
    folder = _folder(config, package)
    texts = lock_texts(plans)
    names = {name: path for path, name in zip(plans.files, texts, strict=True)}
    for name, text in texts.items():
        path = folder / name
        kept = sections(path.read_text(encoding="utf-8")) if path.is_file() else {}
        current = sections(text)
        of = {
            title: planned
            for planned in plans.files[names[name]]
            for title in titles(planned)
        }
        for title in dict.fromkeys((*current, *kept)):
            before, after = kept.get(title), current.get(title)
            if before != after:
                yield PlanChange(
                    planned=of.get(title),
                    title=title,
                    before=before,
                    after=after,
                    path=_shown(package, name),
                )
    for left in sorted(folder.glob("*.txt")):
        if left.name not in texts and left.read_text("utf-8").startswith(HEAD):
            for title, plan in sections(left.read_text("utf-8")).items():
                yield PlanChange(
                    planned=None,
                    title=title,
                    before=plan,
                    after=None,
                    path=_shown(package, left.name),
                )


def _explained(
    config: Config,
    package: AnalysedPackage,
    changes: Sequence[PlanChange],
    states: tuple[_State, _State],
    progress: Progress,
) -> Iterator[PlanChange]:
    """Yield the changes with their causes, as far as those can be told."""
    before, now = states
    others = []
    if before.server != now.server:
        others.append(f"PostgreSQL {now.server} in place of {before.server}")
    if before.sizes != now.sizes:
        others.append("the sizes of tables")
    rest = " or ".join(others) or "the query"
    old, new = [*before.migrations.items()], [*now.migrations.items()]
    causes: Mapping[str, str] = {}
    if old != new[: len(old)]:
        known = dict(old)
        edited = [path for path, digest in new if known.get(path, digest) != digest]
        rest = " or ".join(edited or ["migrations that are gone, or stand elsewhere"])
    elif old != new:
        progress(f"finding the migration that changed plans of {package.options.name}")
        causes = _replay(config, package, changes, applied=len(old))
    for one in changes:
        is_change = one.before and one.after
        cause = causes.get(one.title, rest) if is_change else None
        yield replace(one, cause=cause)


def _replay(
    config: Config,
    package: AnalysedPackage,
    changes: Sequence[PlanChange],
    *,
    applied: int,
) -> Mapping[str, str]:
    """Return the migration since which each plan is the one of now.

    A plan that is the same without the new migrations is left out: something else
    changed it.
    """
    options = package.options
    whole = read_package_migrations(config, options)
    files = [file.path for file in whole.files]
    waiting = {one.title: one for one in changes if one.before and one.after}
    found: dict[str, str] = {}
    with open_server(config.database.url, None, config.url_origin) as server:
        for count in range(applied, len(files)):
            part = replace(whole, files=whole.files[:count])
            for title in _same(server, part, package, [*waiting.values()]):
                del waiting[title]
                if count > applied:
                    found[title] = files[count - 1]
        found |= dict.fromkeys(waiting, files[-1])
    return found


def _same(
    server: Server,
    migrations: Migrations,
    package: AnalysedPackage,
    changes: Sequence[PlanChange],
) -> list[str]:
    """Return the titles whose plans are those of now after some of the migrations."""
    options = package.options
    root = options.root or Path()
    paths = {p.query.query.source.path for one in changes if (p := one.planned)}
    read = read_query_files(options.queries, root, directives=DIRECTIVES)
    files = tuple(file for file in read if file.source.path in paths)
    source = Source(options=options, files=files, migrations=migrations)
    with schema_database(server, migrations) as connection:
        catalog = read_catalog(connection)
        # What a star stands for depends on the schema, so the texts do.
        analysis = judge_of(connection, catalog, source)(files)
    planned = plan_package(server, migrations, options, analysis)
    current = {
        title: plan_text(variant.plan)
        for several in planned.plans.files.values()
        for one in several
        for title, variant in zip(titles(one), one.variants, strict=True)
    }
    return [one.title for one in changes if current.get(one.title) == one.after]


def _state(config: Config, package: AnalysedPackage, plans: PackagePlans) -> _State:
    options = package.options
    whole = read_package_migrations(config, options)
    statistics = package_statistics(options)
    sizes = {
        f"{schema}.{name}": table.model_dump()
        for (schema, name), table in plans.sizes.items()
    }
    known = {
        "sizes": sizes,
        "settings": dict(statistics.settings) if statistics else {},
    }
    return _State(
        server=plans.server,
        sizes=_digest(json.dumps(known, sort_keys=True)),
        migrations=_digests(whole),
    )


def _digests(migrations: Migrations) -> Mapping[str, str]:
    return {
        file.path: _digest("".join(part.text for part in file.parts))
        for file in migrations.files
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _written(state: _State) -> str:
    return "\n".join(
        (
            _STATE_HEAD,
            f"server = {state.server}",
            f'sizes = "{state.sizes}"',
            "",
            "[migrations]",
            *(
                f"{json.dumps(path, ensure_ascii=False)} = {json.dumps(digest)}"
                for path, digest in state.migrations.items()
            ),
            "",
        )
    )


def _read_state(config: Config, package: AnalysedPackage) -> _State:
    path, shown = _folder(config, package) / STATE, _shown(package, STATE)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _State(
            server=data["server"], sizes=data["sizes"], migrations=data["migrations"]
        )
    except FileNotFoundError:
        raise ReposgenError(
            [
                error(
                    "plans-not-kept",
                    f"there is no lockfile of plans for {package.options.name}",
                    path=shown,
                    hint=f"write them: reposgen plans {package.options.name}",
                )
            ]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError):
        raise ReposgenError(
            [
                error(
                    "plans-unreadable",
                    "the file is not what reposgen plans writes",
                    path=shown,
                    hint="resolve the merge conflict, or remove the file and run"
                    " reposgen plans",
                )
            ]
        ) from None


def _folder(config: Config, package: AnalysedPackage) -> Path:
    return config.root / FOLDER / package.options.name


def _shown(package: AnalysedPackage, name: str) -> str:
    return f"{FOLDER}/{package.options.name}/{name}"
