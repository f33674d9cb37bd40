"""Connection strings with several hosts, of which one is the primary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .statistics import parameters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# Values of `target_session_attrs` with which the Database finds the primary.
_WRITES: Final = ("read-write", "primary")
# Values with which libpq can choose a standby.
_READS: Final = ("any", "standby", "prefer-standby", "read-only")
_PLACE: Final = ("host", "hostaddr", "port")
# A host alone in a list, such as `db2`, `db2:6000` or `[::1]:6000`.
_BARE: Final = re.compile(r"(?P<host>[\w.-]+|\[[0-9a-fA-F:.]+\])(:(?P<port>\d+))?")


class Hosts(NamedTuple):
    """The hosts of a Database, as its connection string names them.

    Attributes:
        conninfo: connection string with all hosts.
        members: connection string of each host; empty if there is one host, or if
            libpq chooses among several.
        several: True if there are several hosts.
        reads: True if standbys serve reads.
        writes: True if the Database needs a primary.
    """

    conninfo: str
    members: tuple[str, ...]
    several: bool
    reads: bool
    writes: bool


def find_hosts(conninfo: str | Sequence[str]) -> Hosts:
    """Return the hosts of one connection string, or of several that differ in the host.

    Raises:
        ValueError: the connection strings differ in more than the host.
        psycopg.ProgrammingError: a connection string is not valid.
    """
    given = [conninfo] if isinstance(conninfo, str) else _expand(conninfo)
    entries = [parameters_of(each) for each in given]
    places = [place for entry in entries for place in _places(entry)]
    own = [conninfo_to_dict(each) for each in given]
    rest = [{k: v for k, v in one.items() if k not in _PLACE} for one in own]
    for name in {name for one in rest for name in one}:
        if any(one.get(name) != rest[0].get(name) for one in rest):
            raise ValueError(
                f"conninfo: {name} differs between the hosts of one Database"
            )
    target = entries[0].get("target_session_attrs")
    writes = target not in _READS
    if len(places) == 1:
        return Hosts(given[0], (), several=False, reads=False, writes=writes)
    together = {name: ",".join(place[name] for place in places) for name in _PLACE}
    whole = _joined(rest[0], together)
    if not writes:
        return Hosts(whole, (), several=True, reads=False, writes=False)
    members = tuple(
        _joined({**rest[0], "target_session_attrs": "any"}, place) for place in places
    )
    # Connections outside of the pool must lead to the primary, too.
    whole = make_conninfo(whole, target_session_attrs=target or "read-write")
    reads = target not in _WRITES
    return Hosts(whole, members, several=True, reads=reads, writes=True)


def _expand(conninfos: Sequence[str]) -> list[str]:
    """Complete bare hosts to connection strings, with the parameters of the first."""
    if not conninfos:
        raise ValueError("conninfo: the list has no host")
    expanded: list[str] = []
    for conninfo in conninfos:
        bare = _BARE.fullmatch(conninfo)
        if bare is None:
            expanded.append(conninfo)
            continue
        first = conninfo_to_dict(expanded[0]) if expanded else {}
        first = {k: v for k, v in first.items() if k not in ("host", "hostaddr")}
        port = bare["port"] or str(first.get("port") or "")
        # A single port applies to all hosts.
        port = "" if "," in port else port
        host = bare["host"].strip("[]")
        expanded.append(_joined(first, {"host": host, "port": port}))
    return expanded


def _places(parameters: dict[str, Any]) -> list[dict[str, str]]:
    hosts, addresses, ports = (
        str(parameters.get(name) or "").split(",") for name in _PLACE
    )
    count = max(len(hosts), len(addresses))
    if hosts == [""]:
        hosts *= count
    if addresses == [""]:
        addresses *= count
    if len(ports) == 1:
        ports *= count
    if not len(hosts) == len(addresses) == len(ports):
        raise ValueError(
            f"conninfo: {len(hosts)} values of host, {len(addresses)} of hostaddr and"
            f" {len(ports)} of port do not match"
        )
    every = zip(hosts, addresses, ports, strict=True)
    return [dict(zip(_PLACE, values, strict=True)) for values in every]


def _joined(rest: dict[str, Any], place: dict[str, str]) -> str:
    named = {name: value for name, value in place.items() if value.strip(",")}
    return make_conninfo("", **{**rest, **named})
