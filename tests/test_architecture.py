"""The house rules that ARCHITECTURE.md promises, kept by reading the sources."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "generator" / "reposgen"
RUNTIME = ROOT / "generator" / "runtime" / "reposgen_runtime"

MAX_MODULE_LINES = 600
MAX_TEMPLATE_LINES = 60

# What each stage may import of the rest of reposgen. A stage takes its input's model,
# never another stage's functions: only the pipeline calls those.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "diagnostics": set(),
    "sql_files": set(),
    "foreign_sql": set(),
    "posix": set(),
    "urls": set(),
    "config": {"diagnostics", "sql_files", "urls"},
    "sql_source": {"diagnostics", "config", "sql_files"},
    # Migrations are cut into statements as queries are.
    "database": {
        "diagnostics",
        "sql_source.statements",
        "sql_source.lexer",
        "sql_files",
        "foreign_sql",
        "urls",
        "posix",
        "cache.folder",
    },
    "live_schema": {"diagnostics"},
    "analysis": {
        "diagnostics",
        "foreign_sql",
        # A query's segments, their text, its tokens; the server's tree and what is
        # known of its functions: models, and pure readers of them.
        *("sql_source.model", "sql_source.printing", "sql_source.lexer"),
        *("live_schema.model", "live_schema.tree", "live_schema.functions"),
        # The server judges the very SQL that pages are asked for by.
        "reposgen_runtime.pages",
    },
    # It reads the same trees as `analysis`, by the same readers.
    "contracts": {
        "diagnostics",
        "config.model",
        *("sql_source.model", "sql_source.lexer", "sql_source.statements"),
        *("live_schema.model", "live_schema.tree"),
        *("analysis.model", "analysis.agreement", "analysis.arbiters"),
        *("analysis.facts", "analysis.vet_ignore", "analysis.commands"),
        *("analysis.nullability.jointree", "analysis.variants.combinations"),
        # The sizes of tables; the SQL that pages are asked for by.
        *("database.statistics", "reposgen_runtime.pages"),
        "database.model",  # migrations
    },
    "python_model": {
        "diagnostics",
        "config",
        "sql_source.model",
        "live_schema.model",
        *("analysis.model", "analysis.facts", "analysis.caching.model"),
        # What a type consists of: pure readers of types.
        *("analysis.types", "analysis.domains"),
        # What can be made of JSON is the run time's to say.
        "reposgen_runtime.structures",
    },
    "render": {
        "python_model.model",
        "reposgen_runtime",  # the files that are vendored
        "reposgen_runtime.compatibility",  # the level that packages state
    },
    "output": {"diagnostics", "posix"},
    # What stages hand on, kept for the next run; it calls none of them.
    "cache": {
        "diagnostics",
        "config",
        "sql_source.model",
        "live_schema.model",
        "analysis.model",
        "render.render",  # its model of a rendered module
        "project",
        "reposgen_runtime",  # part of what output depends on
        "posix",
        "sql_files",
    },
    "collector": set(),
    "models": set(),
    "project": {
        "",  # the version, which the manifest states
        "diagnostics",
        "config",
        "sql_source.model",
        "database.model",
        *("analysis.model", "analysis.declarations"),
        "contracts.model",
        *("contracts.ignores", "contracts.plans", "contracts.locks"),
        "python_model.model",
        "output.files",
    },
    "pipeline": {
        "diagnostics",
        "config",
        "sql_source",
        "database",
        "live_schema",
        "analysis",
        "contracts",
        "python_model",
        "render",
        "output",
        "project",
        "schemas",
        "cache",
        "collector",
    },
    # The pipeline's part that plans queries, and what is kept of the plans.
    "planning": {
        "analysis.model",
        "config",
        "contracts",
        "database",
        "diagnostics",
        "live_schema",
        "project",
    },
    # The pipeline's part that observes locks; general rules of migrations.
    "locking": {
        *("analysis.model", "analysis.directives"),
        "comparison",  # its model of a state
        "config",
        "contracts",
        "database",
        "diagnostics",
        "live_schema",
        *("pipeline", "planning", "project"),
        "sql_source.reader",
    },
    "squawk": {"database.model", "diagnostics"},
    "plan_lock": {
        "analysis.directives",
        "config",
        "contracts",
        "database",
        "diagnostics",
        "live_schema",
        "pipeline",
        "planning",
        "project",
        "sql_source",
    },
    # The pipeline, for two states of a project.
    "comparison": {
        "config",
        "sql_source.reader",
        "database",
        "contracts.model",
        "crossing",
        "project",
    },
    "crossing": {
        "diagnostics",
        "config",
        "sql_source.reader",
        "database",
        "live_schema",
        *("analysis.model", "analysis.directives"),
        "contracts",
        "comparison",  # its model of a state
        "pipeline",
        "planning",
        "project",
    },
    # The pipeline's part that tells at which migration a database is.
    "missing_migrations": {
        "comparison",  # its model of a state
        "config",
        "contracts.schema_state",
        "database",
        # What version tables say.
        *("development.files", "development.foreign", "development.history"),
        "diagnostics",
        "live_schema.objects",
        "live_schema.model.objects",
    },
    # Why a file is stale: it asks git, and runs no stage.
    "staleness": {
        "config",
        "diagnostics",
        "output.compare",
        "output.manifest",
        "sql_files",
    },
    # Where queries are analysed: for a run, or as long as --watch runs.
    "schemas": {"database", "diagnostics", "live_schema"},
    # The way around it, for a run that changes nothing.
    "up_to_date": {"diagnostics", "config", "output", "cache"},
    # Used by tests of users' projects; it writes nothing.
    "testing": {
        "config",
        "database",
        "diagnostics",
        # The catalog of a test's database.
        *("live_schema.catalog", "live_schema.model"),
        # Where the caller's code calls from.
        "reposgen_runtime.observe.sites",
    },
    # What stats asks: it runs no stage.
    "server_statistics": {"database", "diagnostics"},
    # Text of queries for a table, from its catalog.
    "scaffold": {
        "diagnostics",
        "live_schema.model",
        # What tables and columns are called.
        *("python_model.inflection", "python_model.names"),
    },
    # SQL that tells caches of other writers, from the keys of cached reads.
    "cache_triggers": {
        "diagnostics",
        "project",
        "live_schema.model",
        "analysis.caching.outbox",
        *("python_model.caching", "python_model.types"),
    },
    # What doctor asks: it runs no stage but the server's.
    "examine": {"config", "database", "diagnostics", "live_schema"},
    # The development database and its migrations: applied as `database` applies them.
    "development": {
        "cache.folder",
        "config",
        "database",
        "diagnostics",
        "sql_files",
        "sql_source.statements",
        "urls",
    },
    "cli": {
        "",
        "collector",
        "comparison",
        "missing_migrations",
        "contracts.schema_state",
        "database",  # connections, and the files of migrations
        "development",
        "diagnostics",
        "examine",
        "server_statistics",
        "config",
        *("locking", "squawk"),
        "pipeline",
        "plan_lock",
        "planning",
        "project",
        "cache_triggers",
        "scaffold",
        "up_to_date",
        "schemas",
        *("cache.project", "cache.store"),
        "output.compare",
        "staleness",
        "sql_files",
        "render.annotations",  # Python types, spelled as in generated code
        "sql_source.model",
        "live_schema.model",
        "analysis.model",
        *("contracts.model", "contracts.locks.model"),
        "python_model.model",
        "python_model.inflection",  # how sqlc calls the rows of a table
        "reposgen_runtime.speedups",  # whether they are used
    },
}

MODULES = sorted(TOOL.rglob("*.py"))
RUNTIME_MODULES = sorted(RUNTIME.rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.jinja"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def stage_of(path: Path) -> str:
    return path.relative_to(TOOL).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """What a module imports of the tool, without `reposgen.`, and of the run time."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), level=0, names=names):
                if module == "reposgen":
                    # `from reposgen import x`: a module, or something of the package.
                    found |= {
                        f"reposgen.{alias.name}" if names_module(alias.name) else module
                        for alias in names
                    }
                else:
                    found.add(module)
            case _:
                pass
    return {
        re.sub(r"^reposgen(\.|$)", "", name)
        for name in found
        if name.split(".")[0] in {"reposgen", "reposgen_runtime"}
    }


def names_module(name: str) -> bool:
    return (TOOL / name).is_dir() or (TOOL / f"{name}.py").is_file()


def allows(allowed: str, imported: str) -> bool:
    return imported == allowed or (allowed != "" and imported.startswith(f"{allowed}."))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_of_stages(path: Path) -> None:
    stage = stage_of(path)
    # The dataclass of models is everybody's.
    allowed = MAY_IMPORT[stage] | {stage, "models"}
    wrong = {
        imported
        for imported in imports(path)
        if not any(allows(one, imported) for one in allowed)
    }
    assert not wrong, f"{stage} may not import {sorted(wrong)}: see MAY_IMPORT"


@pytest.mark.parametrize("path", RUNTIME_MODULES, ids=relative)
def test_run_time_names_neither_the_tool_nor_itself(path: Path) -> None:
    # It is installed without the tool, and vendored under another name.
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(from|import) reposgen", text, re.MULTILINE)


SPEAKS = {"print", "exit", "quit", "click.echo", "click.secho", "os._exit", "sys.exit"}
ENDS = {"SystemExit", "sys.stdout", "sys.stderr"}


def talks(node: ast.AST) -> bool:
    """Whether a node prints or exits."""
    match node:
        case ast.Call(func=function):
            return ast.unparse(function) in SPEAKS
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in ENDS
        case _:
            return False


# Turns the signals that end a process into the exception that unwinds it.
UNWINDS = TOOL / "database" / "signals.py"


@pytest.mark.parametrize(
    "path",
    [m for m in MODULES if stage_of(m) != "cli" and m != UNWINDS],
    ids=relative,
)
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    lines = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr | ast.stmt) and talks(node)
    ]
    assert not lines


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_templates_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_TEMPLATE_LINES


def test_the_pipeline_fits_on_a_screen() -> None:
    text = (TOOL / "pipeline.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 170


SOURCES = sorted(
    path
    for folder in ("generator", "tests", "templates", "migrations", "queries", "docs")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".sql", ".toml", ".jinja", ".md", ".txt", ".json"}
) + sorted(p for p in ROOT.iterdir() if p.suffix in {".md", ".toml"})


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_path_of_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    homes = r"/(home|Users)/\w+/|[A-Z]:\\Users\\"
    found = re.search(f"{re.escape(str(ROOT))}/|{homes}", text)
    assert found is None or path == Path(__file__), found


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if p.suffix == ".py" and "golden" not in p.parts],
    ids=relative,
)
def test_what_is_silenced_says_why(path: Path) -> None:
    silenced = re.compile(
        r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover)"
        r"(\[[\w, -]+\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?(?P<why>.*)"
    )
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = silenced.search(line)
        assert found is None or len(found["why"].strip()) > 3, f"line {number}"


def dotted(path: Path) -> str:
    """A module's name: `reposgen.config`, `reposgen_runtime.aio.runner`."""
    root = TOOL if path.is_relative_to(TOOL) else RUNTIME
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


ALL_MODULES = {dotted(path): path for path in (*MODULES, *RUNTIME_MODULES)}


def imported_modules(name: str) -> dict[str, bool]:
    """The modules that a module imports, and whether for types alone."""
    path = ALL_MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found: dict[str, bool] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        module = ".".join(
            [*(above if node.level else ()), *filter(None, [node.module])]
        )
        for alias in node.names:
            inner = f"{module}.{alias.name}"
            target = inner if inner in ALL_MODULES else module
            if target in ALL_MODULES and target != name:
                found[target] = found.get(target, True) and node in for_types
    return found


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    """The modules that a module imports, directly or not."""
    seen: set[str] = set()
    waiting = [*graph[start]]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += graph[module]
    return seen


def circles(graph: dict[str, set[str]]) -> set[tuple[str, ...]]:
    """The sets of modules that import each other."""
    below = {module: reachable(graph, module) for module in graph}
    return {
        tuple(sorted(other for other in below[module] if module in below[other]))
        for module in graph
        if module in below[module]
    }


def folder_of(module: str) -> Path:
    return ALL_MODULES[module].parent


def test_no_import_circles() -> None:
    imported = {module: imported_modules(module) for module in ALL_MODULES}
    running = {
        module: {other for other, for_types in others.items() if not for_types}
        for module, others in imported.items()
    }
    assert not circles(running)
    # For types, modules of one folder may name each other.
    everything = {module: {*others} for module, others in imported.items()}
    across = [c for c in circles(everything) if len({*map(folder_of, c)}) > 1]
    assert not across
