"""db: manage the development database, and migrate any database."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypedDict, Unpack
from urllib.parse import quote, urlencode

import click
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reposgen.cli.options import ProjectOptions, database_options, read_config
from reposgen.cli.plugins import environment_of_programs
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal
from reposgen.database import connect, read_migrations
from reposgen.development.databases import Databases
from reposgen.development.files import in_order, make_named_roles
from reposgen.development.load import load as load_file
from reposgen.development.migrate import Migrator, Wish, refusal
from reposgen.development.model import State
from reposgen.development.server import development_server, noted_servers
from reposgen.diagnostics import ReposgenError, did_you_mean, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reposgen.config import Config, PackageConfig
    from reposgen.development.migrate import Run
    from reposgen.development.model import Entry
    from reposgen.development.server import DevelopmentServer

_URL = "--url"
_VARIABLE = "DATABASE_URL"


class _Where(TypedDict):
    """Arguments that `database_options` passes to a command."""

    config_path: Path | None
    database_url: str | None


_package_option = click.option(
    "--package", "package_name", metavar="NAME", help="Of the packages, this one."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def db() -> None:
    """Run the development database, and apply migrations.

    The database is on a private server in the folder .reposgen of the project. Commands
    that need the server start it; it runs until `reposgen db stop`.

    \b
    Examples:
      reposgen db migrate                  apply the migrations
      reposgen db run -- python app.py     with DATABASE_URL set
      reposgen db psql
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Project:
    """A project whose development server is running."""

    config: Config
    server: DevelopmentServer
    databases: Databases

    def ready(self, package: PackageConfig) -> str:
        """Return the connection string of a package's database; create it if absent."""
        self.databases.ensure(package)
        return self.databases.conninfo(package)


def _config(where: _Where) -> Config:
    options: ProjectOptions = {**where, "output_directory": None}
    return read_config(**options)


def _opened(config: Config, progress: Callable[[str], None]) -> _Project:
    server = development_server(config)
    conninfo = server.ensure(progress)
    databases = Databases(config, conninfo, private=server.is_private)
    return _Project(config=config, server=server, databases=databases)


def _chosen(config: Config, name: str | None) -> tuple[PackageConfig, ...]:
    """Return the package with this name, or all packages if there is no name."""
    if name is None:
        return config.packages
    found = tuple(one for one in config.packages if one.name == name)
    if not found:
        known = [one.name for one in config.packages]
        close = did_you_mean(name, known)
        raise ReposgenError(
            [
                error(
                    "unknown-package",
                    f'there is no package "{name}"',
                    hint=f"did you mean {close}?"
                    if close
                    else f"available packages: {', '.join(known)}",
                )
            ]
        )
    return found


def _only(config: Config, name: str | None, purpose: str) -> PackageConfig:
    packages = _chosen(config, name)
    if len(packages) > 1:
        names = ", ".join(one.name for one in packages)
        message = f"{purpose} takes one package: add --package, one of: {names}"
        raise click.UsageError(message)
    return packages[0]


@contextlib.contextmanager
def _server_errors() -> Iterator[None]:
    """Report errors of the server and lost connections as ReposgenError."""
    try:
        yield
    except psycopg.Error as problem:
        failure = ReposgenError([refusal(problem)])
    else:
        return
    raise failure


@db.command()
@database_options
def start(**where: Unpack[_Where]) -> None:
    """Start the development server, and create the databases of the packages.

    \b
    Examples:
      reposgen db start
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    with terminal.progress() as progress, _server_errors():
        project = _opened(config, progress)
        for package in config.packages:
            project.ready(package)
    if not project.server.is_private:
        terminal.say("the server is your own: reposgen does not start or stop it")
    for _, value in project.server.status().facts[:1]:
        terminal.say(value)


@db.command()
@database_options
def stop(**where: Unpack[_Where]) -> None:
    """Stop the development server; its data stay.

    \b
    Examples:
      reposgen db stop
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    server = development_server(config)
    with terminal.progress() as progress:
        stopped = server.stop(progress)
        for other in noted_servers(config):
            stopped = other.stop(progress) or stopped
    if not server.is_private:
        terminal.say("the server is your own: reposgen does not start or stop it")
    terminal.say("stopped" if stopped else "no server was running")


@db.command()
@database_options
@click.pass_context
def status(context: click.Context, **where: Unpack[_Where]) -> None:
    """Tell whether the development server runs, and where its data are.

    Exit status 1 if it does not run.

    \b
    Examples:
      reposgen db status
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    server = development_server(config)
    found = server.status()
    facts = list(found.facts)
    if found.is_running:
        with _server_errors():
            conninfo = server.ensure(lambda _: None)
            databases = Databases(config, conninfo, private=server.is_private)
            names = [databases.name(package) for package in config.packages]
        facts.append(("databases", ", ".join(names)))
    terminal.write("\n".join(f"{name:<12} {value}" for name, value in facts))
    if not found.is_running:
        context.exit(Status.FINDINGS)


@db.command()
@_package_option
@database_options
def url(package_name: str | None, **where: Unpack[_Where]) -> None:
    """Print the URL of the development database.

    The URL of a container's server holds its password.

    \b
    Examples:
      psql "$(reposgen db url)"
      reposgen db url --package billing
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    package = _only(config, package_name, "url")
    with terminal.progress() as progress, _server_errors():
        conninfo = _opened(config, progress).ready(package)
    terminal.write(as_url(conninfo))


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@_package_option
@database_options
def psql(
    arguments: Sequence[str], package_name: str | None, **where: Unpack[_Where]
) -> None:
    """Run psql on the development database, with the ARGUMENTS given.

    \b
    Examples:
      reposgen db psql
      reposgen db psql -- -c 'SELECT count(*) FROM tasks'
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    package = _only(config, package_name, "psql")
    with terminal.progress() as progress, _server_errors():
        project = _opened(config, progress)
        conninfo = project.ready(package)
    program = project.server.program("psql") or shutil.which("psql")
    if program is None:
        raise ReposgenError(
            [
                error(
                    "psql-missing",
                    "psql is not installed",
                    hint="install it (Debian: apt-get install postgresql-client), or"
                    " pip install 'reposgen[embedded]'",
                )
            ]
        )
    parameters = conninfo_to_dict(conninfo)
    environment = environment_of_programs()
    # Other users see a command's arguments.
    if password := parameters.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    _become([str(program), make_conninfo("", **parameters), *arguments], environment)


@db.command()
@_package_option
@database_options
def reset(package_name: str | None, **where: Unpack[_Where]) -> None:
    """Drop the development databases, and make new ones with all migrations.

    A database that reposgen has not created is never dropped.

    \b
    Examples:
      reposgen db reset
      reposgen db reset --package billing
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    packages = _chosen(config, package_name)
    with terminal.progress() as progress, _server_errors():
        project = _opened(config, progress)
        for package in packages:
            project.databases.reset(package)
    for package in packages:
        if package.schema_paths is None:
            terminal.say(f"{package.name}: an empty database; it has no schema")
            continue
        with _migrator(terminal, project.config, package, project, None) as migrator:
            _apply(terminal, migrator, Wish())


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@_package_option
@database_options
def load(file: Path, package_name: str | None, **where: Unpack[_Where]) -> None:
    """Run a FILE of SQL in the development database: a dump, or test data.

    In one transaction, unless the file begins and ends transactions itself.

    \b
    Examples:
      pg_dump --data-only "$PRODUCTION" > data.sql && reposgen db load data.sql
      reposgen db load seeds/demo.sql --package billing
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    package = _only(config, package_name, "load")
    with terminal.progress() as progress, _server_errors():
        project = _opened(config, progress)
        conninfo = project.ready(package)
        progress(f"loading {file}")
        with connect(conninfo, origin=config.url_origin) as connection:
            count = load_file(
                connection,
                Path.cwd() / file,
                Path.cwd(),
                private=project.server.is_private,
            )
    terminal.say(f"ran {count} {'statement' if count == 1 else 'statements'} of {file}")


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@_package_option
@database_options
def run(
    command: Sequence[str], package_name: str | None, **where: Unpack[_Where]
) -> None:
    """Run a COMMAND with DATABASE_URL set to the development database.

    DATABASE_URL_<PACKAGE> is set for each package; DATABASE_URL if there is one
    package, or to the one of --package. The exit status is the command's.

    \b
    Examples:
      reposgen db run -- python app.py
      reposgen db run --package billing -- pytest -x
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    chosen = _chosen(config, package_name)
    with terminal.progress() as progress, _server_errors():
        project = _opened(config, progress)
        urls = {one.name: as_url(project.ready(one)) for one in config.packages}
    environment = environment_of_programs()
    # That of another database would be used in its place.
    environment.pop(_VARIABLE, None)
    for name, value in urls.items():
        environment[f"{_VARIABLE}_{name.upper()}"] = value
    if len(chosen) == 1:
        environment[_VARIABLE] = urls[chosen[0].name]
    _become(command, environment)


def _become(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by a program, so that signals and exit status are its."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if sys.platform == "win32":
            sys.exit(subprocess.call(command, env=environment))  # noqa: S603 - asked for
        os.execvpe(command[0], list(command), environment)  # noqa: S606 - asked for
    except OSError as problem:
        failure = ReposgenError(
            [
                error(
                    "command-not-run",
                    f'"{command[0]}" could not be run: {problem.strerror}',
                )
            ]
        )
    raise failure


@db.command()
@click.option(
    _URL,
    "target_url",
    metavar="URL",
    envvar="REPOSGEN_MIGRATE_URL",
    show_envvar=True,
    help="Migrate this database.  [default: the development database]",
)
@click.option("--to", metavar="VERSION", help="Stop at this version; 0: none.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done.")
@click.option(
    "--status",
    "show_status",
    is_flag=True,
    help="List all files; 1 if any is not applied as it is.",
)
@click.option("--adopt", is_flag=True, help="Record what another tool has applied.")
@click.option("--out-of-order", is_flag=True, help="Apply files before applied ones.")
@click.option(
    "--resume",
    type=click.IntRange(min=1),
    metavar="N",
    help="Go on with statement N of the file that was interrupted.",
)
@_package_option
@database_options
@click.pass_context
def migrate(
    context: click.Context,
    *,
    target_url: str | None,
    to: str | None,
    dry_run: bool,
    show_status: bool,
    adopt: bool,
    out_of_order: bool,
    resume: int | None,
    package_name: str | None,
    **where: Unpack[_Where],
) -> None:
    """Apply the migrations that a database lacks.

    Each file is applied in a transaction and recorded in the table
    reposgen.migrations, in the order that `generate` reads the files in. With --to a
    version below the current one, migrations are taken back.

    \b
    Examples:
      reposgen db migrate
      reposgen db migrate --status
      reposgen db migrate --url "$PRODUCTION" --dry-run
      reposgen db migrate --to 0007
    """  # noqa: D301 - as above
    terminal = Terminal()
    config = _config(where)
    if adopt and (resume or out_of_order):
        raise click.UsageError("--adopt goes with --to and --dry-run alone")
    about_one = target_url or to or adopt or resume
    packages = (
        (_only(config, package_name, "migrate with --url, --to, --adopt or --resume"),)
        if about_one
        else _chosen(config, package_name)
    )
    project = None if target_url else _started(terminal, config)
    wish = Wish(to=to, out_of_order=out_of_order, resume=resume)
    findings = False
    for package in packages:
        if len(packages) > 1:
            terminal.say(f"{package.name}:")
        with _migrator(terminal, config, package, project, target_url) as migrator:
            if show_status:
                findings |= _show_status(terminal, migrator)
            elif adopt:
                _adopt(terminal, migrator, to, dry_run=dry_run)
            elif dry_run:
                _show_plan(terminal, migrator, wish)
            else:
                _apply(terminal, migrator, wish)
    if findings:
        context.exit(Status.FINDINGS)


def _started(terminal: Terminal, config: Config) -> _Project:
    with terminal.progress() as progress, _server_errors():
        return _opened(config, progress)


@contextlib.contextmanager
def _migrator(
    terminal: Terminal,
    config: Config,
    package: PackageConfig,
    project: _Project | None,
    target_url: str | None,
) -> Iterator[Migrator]:
    """Provide the migrator of a package's database, or of the database with a URL."""
    if package.schema_paths is None:
        raise ReposgenError(
            [
                error(
                    "no-schema",
                    f'the package "{package.name}" has no schema to apply',
                    span=package.place("name"),
                    hint='name the folder of the migrations: schema = "migrations"',
                )
            ]
        )
    found = read_migrations(package.schema_paths, config.root)
    terminal.diagnostics(found.diagnostics)
    if target_url is not None:
        conninfo, origin = target_url, _URL
    elif project:
        conninfo, origin = project.ready(package), config.url_origin
    private = project is not None and project.server.is_private
    options = None
    if package.search_path and target_url is not None:
        schemas = ",".join(
            '"' + name.replace('"', '""') + '"' for name in package.search_path
        )
        options = "-c search_path=" + schemas.replace("\\", "\\\\").replace(" ", "\\ ")
    with (
        _server_errors(),
        connect(conninfo, options=options, origin=origin) as connection,
    ):
        if private:
            make_named_roles(connection, found)
        yield Migrator(
            connection, in_order(found), package.name, config.root, private=private
        )


def _apply(terminal: Terminal, migrator: Migrator, wish: Wish) -> None:
    count = 0

    def applied(one: Run, seconds: float) -> None:
        nonlocal count
        count += 1
        word = {"up": "applied", "down": "took back"}[one.direction]
        terminal.say(f"{word} {one.migration.path} in {seconds:.2f} s")

    migrator.migrate(wish, terminal.say, applied)
    if not count:
        terminal.say("nothing to do")


def _show_plan(terminal: Terminal, migrator: Migrator, wish: Wish) -> None:
    runs = migrator.plan(wish)
    for one in runs:
        terminal.write(one.verb)
    if not runs:
        terminal.say("nothing to do")


def _adopt(
    terminal: Terminal, migrator: Migrator, to: str | None, *, dry_run: bool
) -> None:
    if dry_run:
        found, tool = migrator.adoptable(to)
        for one in found:
            terminal.write(f"record {one.path} as applied by {tool}")
        return
    recorded = migrator.adopt(to, terminal.say)
    for one in recorded:
        terminal.say(f"recorded {one.path}")
    terminal.say(f"recorded {len(recorded)} files; the others: reposgen db migrate")


def _show_status(terminal: Terminal, migrator: Migrator) -> bool:
    entries = migrator.status()
    width = max((len(entry.path) for entry in entries), default=0)
    for entry in entries:
        terminal.write(f"{entry.path:<{width}}  {_state(entry)}")
    foreign = migrator.foreign()
    for table in foreign:
        terminal.say(f"{table.relation}: {table.tool} keeps versions there")
    return bool(foreign) or any(entry.state is not State.APPLIED for entry in entries)


def _state(entry: Entry) -> str:
    record = entry.record
    if entry.state is not State.APPLIED or record is None:
        return str(entry.state)
    when = f"{record.applied_at:%Y-%m-%d %H:%M:%S%z}"
    if record.adopted_from:
        return f"adopted {when} from {record.adopted_from}"
    return f"applied {when} in {record.duration:.2f} s"


def as_url(conninfo: str) -> str:
    """Return a connection string as a URL.

    Parsers of URLs refuse a user before an empty host, so the parameters of a socket
    are in the query part.
    """
    parameters = {k: str(v) for k, v in conninfo_to_dict(conninfo).items() if v}
    name = quote(parameters.pop("dbname", ""), safe="")
    host = parameters.get("host", "")
    where = ""
    if host and not host.startswith(("/", "@")) and "," not in host:
        where = f"[{host}]" if ":" in host else host
        if port := parameters.pop("port", None):
            where += f":{port}"
        if user := parameters.pop("user", None):
            password = parameters.pop("password", None)
            secret = f":{quote(password, safe='')}" if password else ""
            where = f"{quote(user, safe='')}{secret}@{where}"
        parameters.pop("host")
    query = f"?{urlencode(parameters, quote_via=quote, safe='/')}" if parameters else ""
    return f"postgresql://{where}/{name}{query}"
