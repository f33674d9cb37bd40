"""Fixtures that all tests share: one server for the run, a database for each test."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from reposgen.database import open_server
from reposgen.database.databases import create_database, drop_database
from reposgen.testing.databases import url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling
    from xdist.workermanage import WorkerController

HERE: Final = Path(__file__).parent
SERVER: Final = "server"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the expected files of golden and diagnostics cases",
    )
    parser.addoption(
        "--all",
        action="store_true",
        help="run fault tests on every kind of loop, socket and path, not on a sample",
    )
    parser.addoption(
        "--chaos-seconds",
        type=float,
        default=15.0,
        help="for each round of chaos (default: 15)",
    )


def pytest_configure() -> None:
    # A shell starts what is in its background with SIGINT ignored, nohup with SIGHUP.
    # Programs that tests start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


# Logfire, which an example uses, would be loaded with every model of pydantic's, in the
# processes that tests start as well.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "logfire-plugin"

# Nothing is timed: the machine may be busy with others.
settings.register_profile(
    "reposgen", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("reposgen")

_for_all_workers: Final = ExitStack()
_server_of_all: Final[list[str]] = []


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a process that runs some of the tests of the server that all share."""
    if not _server_of_all:
        _server_of_all.append(_for_all_workers.enter_context(run_of_server()))
        _share_with_plugin(node.config, _server_of_all[0])
    node.workerinput[SERVER] = _server_of_all[0]


def _share_with_plugin(config: pytest.Config, url: str) -> None:
    """Have the project's own plugin make its databases on the same server."""
    config.option.reposgen_server = url


def pytest_unconfigure() -> None:
    _for_all_workers.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> LoadScopeScheduling:
    """Keep what shares fixtures in one process."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 -- may be absent

    config.option.loadscopereorder = False  # in the order below

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return Together(config, log)


# Few tests that take long: begun last, one process would wait for the other.
_FIRST: Final = (
    "tests/test_quality.py",
    "plugin",
    "tests/coherence/test_coherence.py",
    "tests/faults/test_patroni.py",
    "tests/faults/test_chaos.py",
    "tests/ci/test_integrations.py",
    "tests/golden/test_golden.py",
    "tests/conformance",
    "tests/development/test_server.py",
    "tests/test_docs.py",
    "tests/test_newcomer.py",
    "tests/test_site.py",
    "tests/testing/test_factories.py",
    "tests/cli/test_cache.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes long, and then what is much."""
    groups = {item: together(item.nodeid) for item in items}
    sizes = Counter(groups.values())
    places = {group: place for place, group in enumerate(_FIRST)}

    def place(item: pytest.Item) -> tuple[int, int, str]:
        group = groups[item]
        return places.get(group, len(places)), -sizes[group], group

    items.sort(key=place)


_WITH_PLUGIN: Final = frozenset(
    {
        "tests/testing/test_plugin.py",
        "tests/testing/test_guards.py",
        "test_examples[testing]",
    }
)


def together(nodeid: str) -> str:
    """What a test is to share a process with: its file, or its whole system.

    The test that judges the coverage of a system has to see all of that system's. The
    cases of the conformance corpus are judged once for all tests about them. What runs
    the plugin of pytest looks at the server's databases, which others' runs make too.
    """
    path, _, test = nodeid.partition("::")
    if path == "tests/test_docs.py" and test.startswith("test_examples_on_the_systems"):
        return "plugin"
    if path in _WITH_PLUGIN or (path == "tests/test_docs.py" and test in _WITH_PLUGIN):
        return "plugin"
    if path.startswith("tests/conformance/"):
        return "tests/conformance"
    folder = path.removeprefix("tests/systems/").split("/")
    if path.startswith("tests/systems/") and len(folder) > 1:
        return folder[0]
    if path == "tests/systems/test_coverage.py" and "[" in test:
        return test[test.index("[") + 1 : test.index("]")]
    return path


@contextmanager
def run_of_server() -> Iterator[str]:
    """The URL of a server that only this run has."""
    major = os.environ.get("REPOSGEN_TEST_POSTGRES", "18")
    url = os.environ.get("REPOSGEN_TEST_DATABASE_URL", f"embedded:{major}")
    with open_server(url) as running:
        yield url_of(running.conninfo)


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of a server that tests may create databases on.

    An embedded one that only this run has; REPOSGEN_TEST_POSTGRES=16 is another
    version of it, and REPOSGEN_TEST_DATABASE_URL another server.
    """
    shared: str | None = getattr(pytestconfig, "workerinput", {}).get(SERVER)
    if shared is not None:
        yield shared
        return
    with run_of_server() as url:
        _share_with_plugin(pytestconfig, url)
        yield url


@pytest.fixture(autouse=True)
def since(request: pytest.FixtureRequest) -> None:
    """Skips what is marked `since(15)` where the server is older than that."""
    marker = request.node.get_closest_marker("since")
    if marker is not None:
        with psycopg.connect(request.getfixturevalue("server")) as connection:
            if connection.info.server_version // 10000 < marker.args[0]:
                pytest.skip(f"PostgreSQL {marker.args[0]} and newer")


@pytest.fixture(scope="session")
def templates(server: str) -> Iterator[dict[str, str]]:
    """Databases made for this run, by the schema that they have."""
    made: dict[str, str] = {}
    yield made
    with psycopg.connect(server, autocommit=True) as admin:
        for name in made.values():
            drop_database(admin, name)


@pytest.fixture(scope="session")
def shared_database(
    server: str, templates: dict[str, str]
) -> Iterator[Callable[[str], str]]:
    """Gives a database with a schema to tests that change nothing in it.

    The function takes the schema's SQL, and returns the URL of a database that all
    tests with that schema share: making one takes longer than most tests.
    """
    urls: dict[str, str] = {}
    with psycopg.connect(server, autocommit=True) as admin:

        def find(schema: str = "") -> str:
            if schema not in urls:
                name = f"reposgen_shared_{uuid4().hex}"
                create_database(admin, name, copy_files=True)
                templates[f"-- {name}"] = name
                urls[schema] = url_of(server, name)
                with psycopg.connect(urls[schema], autocommit=True) as fresh:
                    fresh.execute(schema.encode())
            return urls[schema]

        yield find


@pytest.fixture
def make_database(
    server: str, templates: dict[str, str]
) -> Iterator[Callable[[str], str]]:
    """Creates a database with a schema, cloned from a template of that schema.

    The function takes the schema's SQL, and returns the URL of the database, which
    is dropped after the test.
    """
    created: list[str] = []
    with psycopg.connect(server, autocommit=True) as admin:

        def create(schema: str = "") -> str:
            if schema not in templates:
                template = f"reposgen_template_{uuid4().hex}"
                create_database(admin, template, copy_files=True)
                templates[schema] = template
                with psycopg.connect(
                    url_of(server, template), autocommit=True
                ) as fresh:
                    fresh.execute(schema.encode())
            name = f"reposgen_test_{uuid4().hex}"
            create_database(admin, name, template=templates[schema], copy_files=True)
            created.append(name)
            return url_of(server, name)

        yield create
        for name in created:
            drop_database(admin, name)


@pytest.fixture
def database(make_database: Callable[[str], str]) -> str:
    """The URL of an empty database."""
    return make_database("")
