from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.python_model.factories import (
    INT4,
    JSONB,
    TEXT,
    UUID,
    analysis,
    array,
    attribute,
    base,
    column,
    columns_of,
    config,
    constraint,
    domain,
    embed,
    enum,
    parameter,
    pseudo,
    query,
    range_of,
    table,
)

from reposgen.analysis.model import Violation
from reposgen.live_schema.model import ConstraintKind, RelationKind
from reposgen.python_model.build import build_package
from reposgen.python_model.layout import DATABASE_ATTRIBUTES
from reposgen.python_model.model.modules import (
    ErrorsModule,
    InitModule,
    ModelsModule,
    QueriesModule,
)
from reposgen.python_model.model.values import Entries
from reposgen.render.annotations import plain_annotation
from reposgen.sql_source.model import Command
from reposgen_runtime import Settings
from reposgen_runtime.aio import Database as AsyncDatabase
from reposgen_runtime.aio.buffered import BufferedDatabase
from reposgen_runtime.statement import Package as RuntimePackage
from reposgen_runtime.sync import Database as SyncDatabase

if TYPE_CHECKING:
    from reposgen.live_schema.model import PgType
    from reposgen.python_model.model import Package

TASKS = table(
    "tasks", attribute("id", UUID), attribute("title"), attribute("note", null=True)
)


def module(package: Package, path: str) -> QueriesModule:
    (found,) = (m for m in package.modules if m.path == path)
    assert isinstance(found, QueriesModule)
    return found


def models(package: Package) -> dict[str, list[tuple[str, str]]]:
    return {
        row.symbol.name: [(f.name, plain_annotation(f.type)) for f in row.fields]
        for m in package.modules
        if isinstance(m, ModelsModule)
        for row in m.rows
    }


def errors(package: Package) -> list[str]:
    return [
        e.symbol.name
        for m in package.modules
        if isinstance(m, ErrorsModule)
        for e in m.errors
    ]


RETURNS = {
    Command.ONE: ("str", "str"),
    Command.OPT: ("str | None", "str | None"),
    Command.MANY: ("list[str]", "list[str]"),
    Command.STREAM: ("Stream[str]", "Stream[str]"),
    Command.EXEC: ("None", "None"),
    Command.EXECROWS: ("int", "int"),
    Command.EXECRESULT: ("CommandResult", "CommandResult"),
    Command.EXECLASTID: ("str", "str"),
    Command.COPYFROM: ("list[str]", "list[str]"),
    Command.COPYTO: ("Export", "Export"),
    Command.BATCHEXEC: ("list[int]", "list[int]"),
    Command.BATCHONE: ("list[str]", "list[str]"),
    Command.BATCHMANY: ("list[list[str]]", "list[list[str]]"),
}


@pytest.mark.parametrize("command", RETURNS)
def test_what_a_command_returns(command: Command) -> None:
    typed = query("Do", command, column("title"), parameters=(parameter("id", UUID),))
    package = build_package(analysis(typed), config())
    for path, returns in zip(
        ("demo.tasks", "demo.sync.tasks"), RETURNS[command], strict=True
    ):
        (method,) = module(package, path).repository.methods
        assert plain_annotation(method.signature.returns) == returns


def test_rows_of_a_batch_with_one_parameter_are_its_values() -> None:
    typed = query("Do", Command.BATCHEXEC, parameters=(parameter("id", UUID),))
    package = build_package(analysis(typed), config())
    (method,) = module(package, "demo.sync.tasks").repository.methods
    assert method.signature.first is not None
    assert plain_annotation(method.signature.first.type) == "Iterable[UUID]"
    (built,) = module(package, "demo.tasks").queries
    assert built.params is None
    assert built.statement.value.keyword("fields") is None


def test_rows_of_a_batch_with_several_parameters_have_a_class() -> None:
    parameters = (parameter("id", UUID), parameter("title", null=True))
    typed = query("Do", Command.BATCHEXEC, parameters=parameters)
    (built,) = module(build_package(analysis(typed), config()), "demo.tasks").queries
    assert built.params is not None
    assert built.params.symbol.name == "DoParams"
    assert built.statement.value.keyword("fields") == ("id", "title")


def test_parameters_take_more_than_results_give() -> None:
    parameters = (parameter("ids", array(UUID)), parameter("data", JSONB, null=True))
    typed = query("Get", Command.ONE, column("ids", array(UUID)), parameters=parameters)
    (method,) = module(
        build_package(analysis(typed), config()), "demo.tasks"
    ).repository.methods
    assert [plain_annotation(a.type) for a in method.signature.arguments] == [
        "Sequence[UUID]",
        "JsonInput | None",
    ]
    assert plain_annotation(method.signature.returns) == "list[UUID]"


def test_one_model_for_all_queries_of_a_table() -> None:
    package = build_package(
        analysis(
            query("GetTask", Command.ONE, model=TASKS),
            query("ListTasks", Command.MANY, embed(TASKS), column("n", INT4)),
            relations=(TASKS,),
        ),
        config(),
    )
    assert models(package) == {
        "Task": [("id", "UUID"), ("title", "str"), ("note", "str | None")]
    }


def test_a_row_that_knows_less_than_its_table_has_a_class_of_its_own() -> None:
    weaker = query("GetTask", Command.ONE, *columns_of(TASKS, null=True))
    package = build_package(analysis(weaker, relations=(TASKS,)), config())
    (built,) = module(package, "demo.tasks").queries
    assert built.row is not None
    assert built.row.symbol.name == "GetTaskRow"
    assert models(package) == {}


def test_a_views_columns_are_what_its_definition_proves() -> None:
    view = table(
        "happy",
        attribute("a"),
        attribute("b", null=True),
        kind=RelationKind.VIEW,
    )
    make = type(embed(view))
    proved = (column("a", of=(view, 1)), column("b", of=(view, 2)))
    queries = [
        query(
            name,
            Command.MANY,
            make(name="happy", relation=view, nullable=missing, columns=proved),
            column("n", INT4),
        )
        for name, missing in (("One", False), ("Two", True))
    ]
    for several in (queries, queries[:1], queries[1:]):
        package = build_package(analysis(*several, relations=(view,)), config())
        assert models(package)["Happy"] == [("a", "str"), ("b", "str | None")]


def test_names_do_not_depend_on_the_other_queries() -> None:
    same = table("task", attribute("id"), attribute("a"))
    row = table("list_rows", attribute("id"), attribute("a"))
    queries = {
        "Task": query("Get", Command.ONE, model=TASKS),
        "PublicTask": query("Get2", Command.ONE, model=same),
        "ListRow2": query("List", Command.MANY, column("a"), column("b")),
    }
    relations = (TASKS, same, row)
    together = build_package(analysis(*queries.values(), relations=relations), config())
    for one in queries.values():
        alone = build_package(analysis(one, relations=relations), config())
        (built,) = module(alone, "demo.tasks").queries
        assert built in module(together, "demo.tasks").queries


def test_class_names_that_collide() -> None:
    other = table("tasks", attribute("id"), attribute("a"), schema="billing")
    same = table("task", attribute("id"), attribute("a"))
    row = table("list_rows", attribute("id"), attribute("a"))
    package = build_package(
        analysis(
            *(
                query(f"Get{n}", Command.ONE, model=t)
                for n, t in enumerate((TASKS, other, same, row))
            ),
            query("List", Command.MANY, column("a"), column("b")),
            relations=(TASKS, other, same, row),
        ),
        config(),
    )
    assert set(models(package)) == {"Task", "PublicTask", "BillingTask", "ListRow"}
    built = module(package, "demo.tasks").queries[-1]
    assert built.row is not None
    assert built.row.symbol.name == "ListRow2"


def test_errors_of_equal_names() -> None:
    check = constraint("name_check", "CHECK (name <> '')", ConstraintKind.CHECK)
    key = constraint("users_key", "UNIQUE (name)", ConstraintKind.UNIQUE)
    null = constraint("users_nn", "NOT NULL name", ConstraintKind.NOT_NULL)
    tables = (
        table("tasks", attribute("name"), constraints=(check,)),
        table("users", attribute("name"), constraints=(check, key, null)),
        table("users", attribute("name"), constraints=(key,), schema="billing"),
        # Read by a query, never written.
        table("pg_x", attribute("name"), constraints=(key,), schema="pg_catalog"),
    )
    all_of_them = query("Ping", Command.EXEC, writes=tables)
    judged = analysis(all_of_them, relations=tables)
    assert errors(build_package(judged, config())) == [
        "BillingUsersKeyViolation",
        "TasksNameCheckViolation",
        "UsersNameCheckViolation",
        "UsersKeyViolation",
    ]
    # Classes are called the same whatever else is written.
    of_one = query("Ping", Command.EXEC, writes=tables[1:2])
    judged = analysis(of_one, relations=tables)
    assert errors(build_package(judged, config())) == [
        "UsersNameCheckViolation",
        "UsersKeyViolation",
    ]


def test_a_docstring_lists_what_can_be_violated() -> None:
    key = constraint("tasks_key", "UNIQUE (title)", ConstraintKind.UNIQUE)
    tasks = table("tasks", attribute("title"), constraints=(key,))
    typed = query(
        "Add",
        Command.EXEC,
        doc="Add a task.",
        raises=(Violation(relation=tasks, constraint=key),),
    )
    package = build_package(analysis(typed, relations=(tasks,)), config())
    (method,) = module(package, "demo.tasks").repository.methods
    assert method.signature.doc == (
        "Add a task.\n\nRaises:\n    TasksKeyViolation: UNIQUE (title)."
    )


@pytest.mark.parametrize(
    "type_",
    [
        base("geometry", "public"),
        array(base("geometry", "public")),
        range_of("r", base("geometry", "public")),
        domain("d", base("geometry", "public")),
        base("pg_brin_bloom_summary"),
        pseudo("anyelement"),
    ],
    ids=lambda type_: type_.name,
)
def test_an_unknown_type_is_an_error(type_: PgType) -> None:
    good = query("Good", Command.ONE, column("a"))
    bad = query("Bad", Command.ONE, column("shape", type_))
    package = build_package(analysis(good, bad), config())
    (problem,) = package.diagnostics
    assert problem.code == "unknown-type"
    assert 'column "shape"' in problem.message
    assert problem.hint
    assert problem.span is not None
    methods = module(package, "demo.tasks").repository.methods
    assert [m.signature.name for m in methods] == ["good"]


def test_an_unknown_type_that_is_passed_as_text() -> None:
    typed = query("Get", Command.ONE, column("shape", base("geometry", "public")))
    package = build_package(analysis(typed), config(types={"geometry": "str"}))
    assert not package.diagnostics
    (method,) = module(package, "demo.tasks").repository.methods
    assert plain_annotation(method.signature.returns) == "str"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"rename": {"tasks": "not a name"}}, "invalid-rename"),
        ({"rename": {"tasks": "class"}}, "invalid-rename"),
        ({"secrets": ["tasks.nothing"]}, "unknown-secret"),
        ({"rename": {"tasks.titel": "name"}}, "unknown-rename"),
        ({"types": {"geometry": "myapp.Shape"}}, "unknown-override"),
        ({"types": {"tasks.id": "Shape"}}, "invalid-override"),
        ({"types": {"tasks.id": "json.nothing"}}, "wrong-class"),
    ],
)
def test_choices_that_cannot_be_honoured(options: dict[str, object], code: str) -> None:
    judged = analysis(query("Get", Command.ONE, model=TASKS), relations=(TASKS,))
    package = build_package(judged, config(**options))
    assert [d.code for d in package.diagnostics] == [code]


def test_renames() -> None:
    status = enum("status", "in progress")
    tasks = table("tasks", attribute("id"), attribute("state", status))
    typed = query("Get", Command.ONE, model=tasks, parameters=(parameter("dollar_1"),))
    package = build_package(
        analysis(typed, relations=(tasks,)),
        config(
            rename={
                "tasks": "Job",
                "public.tasks.state": "status",
                "status.in progress": "BUSY",
                "Get.dollar_1": "key",
            }
        ),
    )
    assert models(package) == {"Job": [("id", "str"), ("status", "Status")]}
    (method,) = module(package, "demo.tasks").repository.methods
    assert [a.name for a in method.signature.arguments] == ["key"]
    (found,) = (m for m in package.modules if isinstance(m, ModelsModule))
    assert [m.name for m in found.enums[0].members] == ["BUSY"]


def test_secrets_are_hidden_in_results_and_revealed_in_arguments() -> None:
    of = (TASKS, 3)
    typed = query(
        "Get",
        Command.ONE,
        column("note", null=True, of=of),
        parameters=(parameter("note", null=True, of=of),),
    )
    package = build_package(
        analysis(typed, relations=(TASKS,)), config(secrets=["public.tasks.note"])
    )
    (method,) = module(package, "demo.tasks").repository.methods
    (argument,) = method.signature.arguments
    assert plain_annotation(argument.type) == "Secret[str] | None"
    # Where it may be None, nothing but a Secret is revealed.
    assert argument.value == "note.reveal()"
    assert argument.reveals is not None
    assert plain_annotation(method.signature.returns) == "Secret[str] | None"


def test_modules_that_would_collide() -> None:
    files = {
        f"queries/{path}.sql": (query(f"Ping{n}", Command.EXEC),)
        for n, path in enumerate(("models", "a/tasks", "b/tasks", "class", "1st", "%"))
    }
    package = build_package(analysis(files=files), config(api="sync"))
    assert {m.path for m in package.modules if isinstance(m, QueriesModule)} == {
        "demo.models_",
        "demo.tasks",
        "demo.tasks_2",
        "demo.class_",
        "demo.queries_1st",
        "demo.queries",
    }


def test_a_repository_does_not_hide_what_a_database_does() -> None:
    files = {"queries/transaction.sql": (query("Ping", Command.EXEC),)}
    package = build_package(analysis(files=files), config())
    for found in package.modules:
        if isinstance(found, InitModule):
            assert [a.name for a in found.attributes] == ["transaction_"]


@pytest.mark.parametrize("database", [AsyncDatabase, SyncDatabase, BufferedDatabase])
def test_all_attributes_of_a_database_are_known(
    database: type[AsyncDatabase | SyncDatabase],
) -> None:
    made = database(Settings(), package=RuntimePackage("demo"))
    public = {name for name in dir(made) if not name.startswith("_")}
    assert public <= set(DATABASE_ATTRIBUTES)


def test_the_run_time_is_told_of_the_types_that_occur() -> None:
    email = domain("email", TEXT)
    typed = query(
        "Get",
        Command.ONE,
        column("a", array(enum("mood", "ok", schema='we"ird'))),
        column("b", email),
        column("c", base("citext", "public")),
    )
    package = build_package(analysis(typed), config())
    (models_,) = (m for m in package.modules if isinstance(m, ModelsModule))
    call = models_.package.value
    enums = call.keyword("enums")
    assert isinstance(enums, Entries)
    assert [key for key, _ in enums.items] == ['"we""ird".mood']
    assert call.keyword("types") == ("public.citext", "public.email")
