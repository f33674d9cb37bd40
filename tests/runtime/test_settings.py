"""Settings that make no sense, and what the others become."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from reposgen_runtime import Settings, aio, sync
from reposgen_runtime.settings import Options
from reposgen_runtime.statistics import server_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_size": 11}, r"min_size=11 is more than max_size=10$"),
        ({"min_size": -1}, r"min_size=-1: must be 0 at least$"),
        ({"max_size": 0, "min_size": 0}, r"max_size=0: must be 1 at least$"),
        ({"timeout": -0.5}, r"timeout=-0.5: must be 0 at least$"),
        ({"timeout": float("nan")}, r"timeout=nan: must be 0 at least$"),
        ({"max_waiting": -1}, r"max_waiting=-1: "),
        ({"connect_timeout": 0}, r"connect_timeout=0: must be 1 at least$"),
        ({"open_timeout": -1}, r"open_timeout=-1: "),
        ({"check_after_idle": -1}, r"check_after_idle=-1: "),
        ({"statement_timeout": 0}, r"statement_timeout=0: must be 0.001 at least$"),
        ({"prepare": "always"}, r"prepare='always': \"auto\" or \"never\"$"),
        ({"replicas": "host=a"}, r"replicas: a sequence of connection strings$"),
    ],
)
def test_no_sense(options: Options, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}"):
        Settings(**options)


@pytest.mark.parametrize("name", ["conninfo", "direct_conninfo", "replicas"])
def test_a_password_is_not_quoted(name: str) -> None:
    broken = "postgresql://ada:secret@[::1/shop"
    value = [broken] if name == "replicas" else broken
    with pytest.raises(ValueError, match=r"^no connection string: ") as caught:
        Settings(**{name: value})  # type: ignore[arg-type] # that is what is tested
    assert caught.value.__cause__ is None
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Settings(conninfo="password=secret"))


def test_all_settings_can_be_given_by_name() -> None:
    names = {field.name for field in fields(Settings) if field.init}
    assert Options.__annotations__.keys() == names - {"conninfo"}


def test_what_a_connection_string_says_goes_first() -> None:
    settings = Settings(statement_timeout=2.5)
    options = settings.connection_options("options='-c geqo=off' keepalives_idle=7")
    assert options["options"] == "-c geqo=off -c statement_timeout=2500ms"
    assert "keepalives_idle" not in options
    assert options["connect_timeout"] == 10


def test_a_pooler_gets_no_options() -> None:
    settings = Settings(statement_timeout=2.5, prepare="never")
    assert "options" not in settings.connection_options("")
    assert settings.own_limits == {"statement_timeout": "2500ms"}
    assert Settings(prepare="never").own_limits == {}


@pytest.mark.parametrize(
    ("conninfo", "name"),
    [
        ("postgresql://ada:secret@db:7000/shop", "db:7000/shop"),
        (
            "host=/run/postgresql dbname=shop password=secret",
            "/run/postgresql:5432/shop",
        ),
        ("host=a,b port=1,2", "a,b:1,2"),
    ],
)
def test_how_a_server_is_called(
    conninfo: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGDATABASE", raising=False)
    assert conninfo_to_dict(conninfo)
    assert server_name(conninfo) == name


def test_how_a_services_server_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = tmp_path / "services.conf"
    services.write_text(
        "# all of them\n[replica]\nhost=10.0.0.3\nport=6000\ndbname=shop\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    assert server_name("service=replica user=ada") == "10.0.0.3:6000/shop"
    assert server_name("service=replica port=6001") == "10.0.0.3:6001/shop"
    assert server_name("service=unheard-of").startswith("service=unheard-of")
    monkeypatch.setenv("PGHOST", "db")
    monkeypatch.setenv("PGPORT", "7000")
    assert server_name("dbname=shop") == "db:7000/shop"


def test_packets_that_vanish_are_noticed() -> None:
    assert Settings().connection_options("")["tcp_user_timeout"] == 30_000
    given = Settings().connection_options("host=db tcp_user_timeout=5000")
    assert "tcp_user_timeout" not in given


@pytest.mark.parametrize("cls", [aio.Database, sync.Database])
def test_the_options_are_listed(cls: type[Any]) -> None:
    parameters = signature(cls.open).parameters
    assert [*parameters] == ["conninfo", *Options.__annotations__]
    assert parameters["max_size"].default == Settings().max_size


@pytest.mark.parametrize(
    ("conninfo", "members"),
    [
        ("host=a", []),
        (["postgresql://u@a/d"], []),
        ("postgresql://a:1,b:2/d", ["a:1/d", "b:2/d"]),
        ("host=a,b,c port=6000 dbname=d", ["a:6000/d", "b:6000/d", "c:6000/d"]),
        ("host=a,b target_session_attrs=read-write", ["a:5432", "b:5432"]),
        ("host=a,b target_session_attrs=standby", []),
        (["postgresql://u@a/d", "b", "c:6000"], ["a:5432/d", "b:5432/d", "c:6000/d"]),
        (["host=a port=1", "[::1]:2"], ["a:1", "::1:2"]),
        (["host=a,b port=1,2", "host=c"], ["a:1", "b:2", "c:5432"]),
        ("hostaddr=127.0.0.1,127.0.0.2", ["127.0.0.1:5432", "127.0.0.2:5432"]),
        ("host=/a,/b", ["/a:5432", "/b:5432"]),
    ],
)
def test_several_hosts(
    conninfo: str | list[str], members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGPORT", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings(conninfo=conninfo)
    assert [server_name(each) for each in settings.hosts.members] == members
    several = bool(members) or "," in settings.hosts.conninfo
    assert settings.connecting_time == (2 if several else 10)
    assert settings.failover_time == (30 if members else 0)


def test_several_hosts_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "a,b")
    monkeypatch.setenv("PGPORT", "1,2")
    members = Settings(conninfo="dbname=d").hosts.members
    assert [server_name(each) for each in members] == ["a:1/d", "b:2/d"]
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "any")
    assert not Settings(conninfo="dbname=d").hosts.members


@pytest.mark.parametrize(
    ("conninfo", "message"),
    [
        ([], r"conninfo: the list has no host$"),
        ("host=a,b port=1,2,3", r"conninfo: 2 values of host, .* 3 of port do not"),
        (["host=a dbname=d", "host=b dbname=e"], r"conninfo: dbname differs between"),
        (
            ["host=a password=secret", "host=b password=x"],
            r"conninfo: password differs",
        ),
    ],
)
def test_hosts_that_do_not_fit(conninfo: str | list[str], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}") as caught:
        Settings(conninfo=conninfo)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("check_idle", "check_after_idle"),
        ("direct", "direct_conninfo"),
        ("plain", "use_cursors"),
        ("wait_ready", "open_timeout"),
    ],
)
def test_former_names(old: str, new: str) -> None:
    options: Any = {old: None}
    with pytest.raises(TypeError, match=f"'{old}' is now called '{new}'"):
        aio.Database.open("", **options)
