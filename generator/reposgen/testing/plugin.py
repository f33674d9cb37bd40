"""The pytest plugin: fixtures, options and markers; docs/testing.md is its manual.

Every run of pytest imports this module, so it imports other modules of reposgen only
when a test needs them.
"""

from __future__ import annotations

import contextlib
import functools
import os
import random
import types
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    import psycopg

    from reposgen.testing.options import Options
    from reposgen.testing.queries import AssertQueries, Recorder
    from reposgen.testing.run import Desk, Run, Template, Templates

SERVER_VARIABLE: Final = "REPOSGEN_TEST_SERVER"
MARKER: Final = "reposgen"
MODES: Final = ("clone", "transaction")

_LOOP_SCOPES: Final[
    tuple[Literal["function", "class", "module", "package", "session"], ...]
] = ("function", "class", "module", "package", "session")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("reposgen", "databases for tests, by reposgen")
    group.addoption(
        "--reposgen-server",
        metavar="URL",
        help=(
            "server of the tests' databases: embedded, system, docker:IMAGE or"
            f" postgresql://…; before {SERVER_VARIABLE}, the setting reposgen_server"
            " and [database] url of codegen.toml"
        ),
    )
    group.addoption(
        "--reposgen-seed",
        metavar="NUMBER",
        type=int,
        help="seed of what factories make; by default another one in each run",
    )
    parser.addini("reposgen_server", "server of the tests' databases")
    parser.addini("reposgen_config", "path of codegen.toml, relative to rootdir")
    parser.addini("reposgen_package", "package of tests that name none")
    parser.addini(
        "reposgen_import", "import path of the output directory: myapp.generated"
    )
    parser.addini(
        "reposgen_mode",
        "clone: a database for each test; transaction: one that is rolled back",
        default="clone",
    )
    parser.addini(
        "reposgen_n_plus_one",
        "how often a test may call the same repository method; empty: without limit",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the options and declare the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(package, mode, n_plus_one): the package that the test is about,"
        " whether its database is a clone or a transaction, and how often it may call"
        " the same repository method",
    )
    _mode(config.getini("reposgen_mode"), "reposgen_mode")
    _limit(config.getini("reposgen_n_plus_one"), "reposgen_n_plus_one")
    config.stash[_STATE] = _State(config)
    if config.pluginmanager.hasplugin("asyncio"):
        config.pluginmanager.register(_asyncio_fixtures(), "reposgen-asyncio")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Drop the databases that the run has created."""
    state = config.stash.get(_STATE, None)
    if state is not None:
        state.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 -- pytest-xdist may be absent
    """Pass the address for template requests to a worker of pytest-xdist."""
    state = node.config.stash[_STATE]
    desk = state.desk
    node.workerinput["reposgen"] = (desk.address, desk.key, state.seed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Apply the test's limit of calls of the same method."""
    limit = _n_plus_one(item)
    if limit is None:
        return (yield)
    with _told():
        recorder = item.config.stash[_STATE].recorder(_package(item))
    with recorder.guard(limit):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the seed of the rows to the report of a failed test."""
    report = yield
    seed = item.stash.get(_SEED, None)
    if seed is not None and report.failed:
        again = f"made with --reposgen-seed={seed}"
        report.sections.append(("rows of reposgen_make", again))
    return report


@pytest.fixture(scope="session")
def reposgen_server(pytestconfig: pytest.Config) -> str:
    """Return the URL of the server with the tests' databases."""
    from reposgen.testing.databases import url_of  # noqa: PLC0415 -- on first use

    with _told():
        return url_of(pytestconfig.stash[_STATE].run.server())


@pytest.fixture
def reposgen_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Provide the URL of the test's own database, which has the package's schema.

    In the mode "transaction" all tests of the process share the database.
    """
    from reposgen.testing.databases import clone  # noqa: PLC0415 -- on first use

    state, template = _template(request)
    if _mode_of(request.node) == "transaction":
        with _told():
            yield state.shared(template)
        return
    with _told(), clone(state.admin(template), template, state.worker) as url:
        yield url


@pytest.fixture
def reposgen_database(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 -- generated
    """Provide the generated package's asynchronous Database on the test's database.

    It is opened in the event loop of the test, of anyio or pytest-asyncio.
    """
    if "anyio_backend" in request.fixturenames:
        return request.getfixturevalue("_reposgen_anyio")
    if not request.config.pluginmanager.hasplugin("asyncio"):
        pytest.fail(
            "reposgen_database needs an event loop: mark the test with"
            " pytest.mark.anyio, or install pytest-asyncio; in tests without one, use"
            " reposgen_database_sync",
            pytrace=False,
        )
    return request.getfixturevalue(f"_reposgen_{_loop_scope(request)}_loop")


@pytest.fixture
def reposgen_database_sync(
    request: pytest.FixtureRequest, reposgen_url: str
) -> Iterator[Any]:
    """Provide the generated package's synchronous Database on the test's database."""
    from reposgen.testing import sessions  # noqa: PLC0415 -- on first use

    _, template = _template(request)
    in_transaction = _mode_of(request.node) == "transaction"
    if in_transaction and "reposgen_database" in request.fixturenames:
        pytest.fail(
            "a test in a transaction has one connection: reposgen_database and"
            " reposgen_database_sync cannot be combined",
            pytrace=False,
        )
    opened = sessions.begin_sync if in_transaction else sessions.open_sync
    with _told(), opened(template, reposgen_url) as database:
        yield database


@pytest.fixture
def reposgen_make(request: pytest.FixtureRequest, reposgen_url: str) -> Iterator[Any]:
    """Provide the factories of the package: `reposgen_make.task(title="…")`."""
    import psycopg  # noqa: PLC0415 -- on first use

    state, template = _template(request)
    request.node.stash[_SEED] = state.seed
    with contextlib.ExitStack() as stack:
        if _mode_of(request.node) == "transaction":
            is_async = "reposgen_database" in request.fixturenames
            name = "reposgen_database" if is_async else "reposgen_database_sync"
            connection = request.getfixturevalue(name).blocking()
        else:
            connection = stack.enter_context(
                psycopg.connect(reposgen_url, autocommit=True)
            )
        with _told():
            yield state.make(template, connection, request.node.nodeid)


@pytest.fixture
def assert_queries(request: pytest.FixtureRequest) -> AssertQueries:
    """Return a block that fails after too many calls; see docs/testing.md."""
    with _told():
        return request.config.stash[_STATE].recorder(_package(request.node)).at_most


@pytest.fixture
def n_plus_one_guard(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a block that limits the calls of each method; see docs/testing.md."""
    with _told():
        return request.config.stash[_STATE].recorder(_package(request.node)).guard


@pytest.fixture
async def _reposgen_anyio(
    request: pytest.FixtureRequest, reposgen_url: str
) -> AsyncIterator[Any]:
    async with contextlib.aclosing(_open_async(request, reposgen_url)) as opened:
        async for database in opened:
            yield database


async def _open_async(request: pytest.FixtureRequest, url: str) -> Any:  # noqa: ANN401 -- generated
    from reposgen.testing import sessions  # noqa: PLC0415 -- on first use

    _, template = _template(request)
    in_transaction = _mode_of(request.node) == "transaction"
    opened = sessions.begin_async if in_transaction else sessions.open_async
    with _told():
        async with opened(template, url) as database:
            yield database


def _asyncio_fixtures() -> object:
    """Return a plugin with the Database for each scope of pytest-asyncio's loops."""
    import pytest_asyncio  # noqa: PLC0415 -- may be absent

    plugin = types.ModuleType("reposgen_asyncio")
    for scope in _LOOP_SCOPES:

        @pytest_asyncio.fixture(loop_scope=scope, name=f"_reposgen_{scope}_loop")
        async def opened(
            request: pytest.FixtureRequest, reposgen_url: str
        ) -> AsyncIterator[Any]:
            async with contextlib.aclosing(_open_async(request, reposgen_url)) as found:
                async for database in found:
                    yield database

        setattr(plugin, f"opened_in_loop_of_{scope}", opened)
    return plugin


def _loop_scope(request: pytest.FixtureRequest) -> str:
    """Return the scope of the event loop that a test runs in."""
    marker = request.node.get_closest_marker("asyncio")
    chosen: Any = None
    if marker is not None:
        chosen = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope")
    if not chosen:
        with contextlib.suppress(ValueError):
            chosen = request.config.getini("asyncio_default_test_loop_scope")
    return str(chosen or "function")


class _State:
    """State of one process of a pytest run; each part is created on first use."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._stack = contextlib.ExitStack()
        self._input: Any = getattr(config, "workerinput", {}).get("reposgen")
        self._shared: dict[str, str] = {}
        self._admins: dict[str, psycopg.Connection[Any]] = {}
        self._recorders: dict[str, Recorder] = {}
        self._tables: dict[str, Any] = {}
        self.worker: str = getattr(config, "workerinput", {}).get("workerid", "main")

    @functools.cached_property
    def options(self) -> Options:
        from reposgen.testing.options import Options  # noqa: PLC0415 -- on first use

        config = self._config
        server, origin = "", ""
        for value, name in (
            (config.getoption("--reposgen-server"), "--reposgen-server"),
            (os.environ.get(SERVER_VARIABLE), SERVER_VARIABLE),
            (config.getini("reposgen_server"), "reposgen_server"),
        ):
            if value and not server:
                server, origin = value, name
        return Options(
            root=config.rootpath,
            config=config.getini("reposgen_config") or "",
            server=server,
            server_origin=origin,
            package=config.getini("reposgen_package") or "",
            output=config.getini("reposgen_import") or "",
        )

    @functools.cached_property
    def run(self) -> Templates:
        from reposgen.testing.run import RemoteRun  # noqa: PLC0415 -- on first use

        if self._input is not None:
            return RemoteRun(*self._input[:2])
        return self._own

    @functools.cached_property
    def _own(self) -> Run:
        from reposgen.testing.run import Run  # noqa: PLC0415 -- on first use

        run = Run(self.options)
        self._stack.callback(run.close)
        return run

    @functools.cached_property
    def desk(self) -> Desk:
        """Desk that answers the workers' requests."""
        from reposgen.testing.run import Desk  # noqa: PLC0415 -- on first use

        desk = Desk(self._own)
        self._stack.callback(desk.close)
        return desk

    @functools.cached_property
    def seed(self) -> int:
        """Seed that is the same in all processes of the run."""
        if self._input is not None:
            return int(self._input[2])
        chosen: int | None = self._config.getoption("--reposgen-seed")
        return random.SystemRandom().randrange(10**6) if chosen is None else chosen

    def admin(self, template: Template) -> psycopg.Connection[Any]:
        """Return a connection that creates and drops databases."""
        from reposgen.database import connect  # noqa: PLC0415 -- on first use

        if template.conninfo not in self._admins:
            self._admins[template.conninfo] = self._stack.enter_context(
                connect(template.conninfo)
            )
        return self._admins[template.conninfo]

    def shared(self, template: Template) -> str:
        """Return the URL of the database that tests in transactions share."""
        from reposgen.testing.databases import clone  # noqa: PLC0415 -- on first use

        if template.package not in self._shared:
            self._shared[template.package] = self._stack.enter_context(
                clone(self.admin(template), template, self.worker)
            )
        return self._shared[template.package]

    def recorder(self, package: str) -> Recorder:
        """Return the recorder of calls of a package's repositories."""
        from reposgen.testing.options import (  # noqa: PLC0415 -- on first use
            chosen_package,
            import_path,
        )
        from reposgen.testing.queries import Recorder  # noqa: PLC0415 -- as above

        if package not in self._recorders:
            config = self.options.load()
            name = chosen_package(config, package).name
            output, folder = import_path(config.output_directory)
            module = f"{self.options.output or output}.{name}"
            self._recorders[package] = Recorder(module, str(folder))
        return self._recorders[package]

    def make(
        self, template: Template, connection: psycopg.Connection[Any], nodeid: str
    ) -> Any:  # noqa: ANN401 -- generated
        """Return the package's factories on a connection."""
        from reposgen.testing.factories import (  # noqa: PLC0415 -- on first use
            Session,
            open_factories,
        )
        from reposgen.testing.factories.tables import (  # noqa: PLC0415 -- as above
            read_tables,
        )

        if template.name not in self._tables:
            self._tables[template.name] = read_tables(connection)
        session = Session(
            connection=connection,
            # The same in all clones, oids included.
            tables=self._tables[template.name],
            seed=f"{self.seed} {nodeid}",
        )
        return open_factories(template.imported(), session)

    def close(self) -> None:
        self._stack.close()


_STATE: Final = pytest.StashKey[_State]()
_SEED: Final = pytest.StashKey[int]()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Fail the test with the message of an error, without a traceback."""
    from reposgen.diagnostics import ReposgenError  # noqa: PLC0415 -- on first use
    from reposgen.testing.problems import TestingError  # noqa: PLC0415 -- as above

    try:
        yield
    except (TestingError, ReposgenError) as failed:
        raise pytest.fail.Exception(str(failed), pytrace=False) from None


def _template(request: pytest.FixtureRequest) -> tuple[_State, Template]:
    state = request.config.stash[_STATE]
    with _told():
        template = state.run.template(_package(request.node))
    return state, template


def _package(item: pytest.Item) -> str:
    return _marked(item, "package") or item.config.stash[_STATE].options.package


def _mode_of(item: pytest.Item) -> Literal["clone", "transaction"]:
    marked = _marked(item, "mode")
    if marked is None:
        return _mode(item.config.getini("reposgen_mode"), "reposgen_mode")
    return _mode(marked, "the marker reposgen's mode")


def _mode(value: str, name: str) -> Literal["clone", "transaction"]:
    match value:
        case "clone" | "transaction":
            return value
    raise pytest.UsageError(f'{name} must be "clone" or "transaction", got {value!r}')


def _n_plus_one(item: pytest.Item) -> int | None:
    marked = _marked(item, "n_plus_one")
    if marked is not None:
        return _limit(str(marked), "the marker reposgen's n_plus_one")
    if not any(name in _DATABASES for name in getattr(item, "fixturenames", ())):
        return None
    limit = item.config.getini("reposgen_n_plus_one")
    return _limit(limit, "reposgen_n_plus_one")


_DATABASES: Final = {"reposgen_url", "reposgen_database", "reposgen_database_sync"}


def _limit(value: str, name: str) -> int | None:
    if not value:
        return None
    if not value.isdecimal():
        raise pytest.UsageError(f"{name} must be a number, got {value!r}")
    return int(value)


def _marked(item: pytest.Item, name: str) -> Any:  # noqa: ANN401 -- by what it says
    for marker in item.iter_markers(MARKER):
        if name in marker.kwargs:
            return marker.kwargs[name]
    return None
