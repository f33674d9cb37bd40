"""Text from schema and SQL stays text, whatever it says."""

from __future__ import annotations

import ast
from pathlib import Path

import black
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.python_model.factories import (
    DATE,
    INT4,
    TIMESTAMPTZ,
    analysis,
    array,
    attribute,
    column,
    composite,
    config,
    constraint,
    domain,
    embed,
    enum,
    parameter,
    query,
    table,
)

from reposgen.analysis.model import Cardinality, CopyTarget, Violation
from reposgen.live_schema.model import ConstraintKind
from reposgen.python_model.build import build_package
from reposgen.render.render import render_output, render_package
from reposgen.render.runtime_files import runtime_files
from reposgen.sql_source.model import Command
from reposgen_runtime.compatibility import API_LEVEL

RUNTIME = Path(__file__).parents[2] / "generator" / "runtime" / "reposgen_runtime"

# PostgreSQL takes any text but NUL for a name; those that hurt come often.
NASTY = st.sampled_from(
    [
        *("class", "from", "self", "date", "datetime", "conn", "__init__", "1st", "_"),
        *("list", "int", "str", "Final", "Statement", "dataclass", "Any", "PACKAGE"),
        *("Runner", "Source", "StrEnum", "NewType", "Sequence", "UUID", "Database"),
        *('"', '"""', "'", "\\", "\n", "#", "{{ 1 }}", "{% raw %}", "%s", "$1", ""),
        *("é", "ﬁ", "日本", "\u202e", "a b", "None", "async", "mro", "name", "value"),
        *("x: int = print(1)", "build_task", "r", "_run", "tasks", "Task", "models"),
    ]
)
NAME = (NASTY | st.text()).map(lambda text: text.replace("\0", ""))
TEXT = st.lists(NASTY | st.text(), max_size=4).map("".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_things_are_called(data: st.DataObject) -> None:
    def name() -> str:
        return data.draw(NAME)

    labels = data.draw(st.lists(NAME, min_size=1, max_size=5, unique=True))
    status = enum(name(), *labels, comment=data.draw(TEXT))
    columns = [
        attribute(name(), type_, null=data.draw(st.booleans()), comment=data.draw(TEXT))
        for type_ in (
            INT4,
            DATE,
            TIMESTAMPTZ,
            status,
            array(INT4),
            domain(name(), DATE),
        )
    ]
    unique = constraint(name(), data.draw(TEXT), ConstraintKind.UNIQUE)
    tasks = table(name(), *columns, comment=data.draw(TEXT), constraints=(unique,))
    users = table(
        name(), attribute(name()), attribute(name(), composite("c", **{name(): DATE}))
    )
    sql = data.draw(TEXT)
    doc = data.draw(TEXT)
    raises = (Violation(relation=tasks, constraint=unique),)
    parameters = (parameter(name(), DATE), parameter(name(), status, null=True))
    queries = (
        query(
            "GetTask", Command.ONE, model=tasks, parameters=parameters, sql=sql, doc=doc
        ),
        query(
            "List", Command.MANY, column(name(), DATE), column(name(), status), doc=doc
        ),
        query(
            "date",
            Command.OPT,
            embed(tasks, name()),
            embed(users, name(), null=True),
            column(name(), INT4),
            raises=raises,
        ),
        query(
            "Fill",
            Command.COPYFROM,
            parameters=parameters,
            copy=CopyTarget(table=(name(), name()), columns=(name(), name())),
            raises=raises,
        ),
        query("Note", Command.BATCHMANY, column(name()), parameters=parameters[:1]),
    )
    judged = analysis(*queries, relations=(tasks, users), path=f"queries/{name()}.sql")
    package = build_package(judged, config())
    assert not package.diagnostics
    files = render_package(package)
    modules = {path: parsed(text) for path, text in files.items()}
    for path, module in modules.items():
        for node in module.body:
            assert is_expected(node), f"{path}: {ast.unparse(node)}"
    enums = [c for c in classes(modules["demo/models.py"]) if base(c) == "StrEnum"]
    assert [values(c) for c in enums if c.body] == [labels]
    (statements,) = (
        [literal(n) for n in m.body if isinstance(n, ast.AnnAssign)]
        for p, m in modules.items()
        if p.startswith("demo/") and p.count("/") == 1
        if any(isinstance(n, ast.AnnAssign) for n in m.body)
        if not p.endswith("models.py")
    )
    assert statements[0] == f"\n{sql}\n"
    names = [n.name for m in modules.values() for c in classes(m) for n in functions(c)]
    assert all(n.isidentifier() for n in names)


def parsed(text: str) -> ast.Module:
    assert black.format_str(text, mode=black.Mode()) == text
    compile(text, "generated", "exec", dont_inherit=True)
    return ast.parse(text)


def is_expected(node: ast.stmt) -> bool:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(value=ast.List() | ast.Call(func=ast.Name())):
            return True
        case ast.AnnAssign(value=ast.Call(func=ast.Name())):
            return True
        case _:
            return False


def classes(module: ast.Module) -> list[ast.ClassDef]:
    return [node for node in module.body if isinstance(node, ast.ClassDef)]


def functions(node: ast.ClassDef) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def base(node: ast.ClassDef) -> str:
    return ast.unparse(node.bases[0]).rstrip("_") if node.bases else ""


def values(node: ast.ClassDef) -> list[object]:
    return [ast.literal_eval(n.value) for n in node.body if isinstance(n, ast.Assign)]


def literal(node: ast.AnnAssign) -> object:
    assert isinstance(node.value, ast.Call)
    return ast.literal_eval(node.value.args[1])


def test_shuffled_input_gives_the_same_text() -> None:
    tables = [table(n, attribute("id", INT4)) for n in ("b", "a", "c")]
    queries = {
        f"queries/{t.name}.sql": (query(f"Get{t.name}", Command.ONE, model=t),)
        for t in tables
    }
    straight = analysis(relations=tuple(tables), files=queries)
    turned = analysis(
        relations=tuple(reversed(tables)), files=dict(reversed(queries.items()))
    )
    first, second = (
        render_package(build_package(a, config())) for a in (straight, turned)
    )
    assert first == second


def test_only_the_flavors_asked_for_are_copied() -> None:
    judged = analysis(query("Ping", Command.EXEC))
    for api, other in (("async", "sync"), ("sync", "aio")):
        package = build_package(judged, config(api=api))
        files = render_output([package], vendored=True)
        assert not any(path.startswith(f"runtime/{other}/") for path in files)
        assert "demo/sync/__init__.py" not in files
        assert files["py.typed"] == ""


def test_an_installed_runtime_is_imported_and_its_level_stated() -> None:
    files = render_output(
        [build_package(analysis(query("Ping", Command.EXEC)), config())]
    )
    assert not any(path.startswith("runtime/") for path in files)
    assert f"require_api({API_LEVEL})" in files["__init__.py"]
    assert "from reposgen_runtime.aio import" in files["demo/tasks.py"]


def test_a_vendored_runtime_is_imported_from_the_output() -> None:
    package = build_package(analysis(query("Ping", Command.EXEC)), config())
    files = render_output([package], vendored=True)
    assert "from ..runtime.aio import" in files["demo/tasks.py"]
    assert not any(
        "reposgen_runtime" in text
        for path, text in files.items()
        if not path.startswith("runtime/")
    )


def test_the_runtime_is_copied_byte_for_byte() -> None:
    copied = runtime_files(["runtime.aio", "runtime.sync", "runtime.secret"])
    assert "runtime/__init__.py" in copied
    assert "runtime/statement.py" in copied
    for path, text in copied.items():
        original = RUNTIME / path.removeprefix("runtime/")
        head, _, rest = text.partition("\n")
        assert head.startswith("# Generated by reposgen from reposgen_runtime/")
        assert rest.encode() == original.read_bytes()


def test_an_optional_runtime_module_is_copied_only_if_used() -> None:
    assert "runtime/secret.py" not in runtime_files(["runtime.aio"])
    assert "runtime/secret.py" in runtime_files(["runtime.secret"])


@pytest.mark.parametrize("cardinality", list(Cardinality))
def test_docstrings_tell_what_is_raised(cardinality: Cardinality) -> None:
    judged = analysis(query("Get", Command.ONE, column("a"), cardinality=cardinality))
    text = render_package(build_package(judged, config()))["demo/tasks.py"]
    assert ("NotFound" in text) == (cardinality is not Cardinality.ONE)
    assert ("TooManyRows" in text) == (cardinality is Cardinality.MANY)
