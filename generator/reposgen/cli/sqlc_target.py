"""From sqlc's configuration to the text of a codegen.toml."""

from __future__ import annotations

import json
import keyword
import re
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reposgen.config.model import RESERVED_PACKAGES
from reposgen.models import dataclass
from reposgen.python_model.inflection import singular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Analysis
    from reposgen.cli.sqlc_source import Entry, Override, SqlcConfig

# What values of PostgreSQL's types are in Python, by the types' short names.
_DEFAULTS: Final = {
    "bool": "bool",
    **dict.fromkeys(("int2", "int4", "int8"), "int"),
    **dict.fromkeys(("float4", "float8"), "float"),
    "numeric": "Decimal",
    **dict.fromkeys(("text", "varchar", "bpchar", "citext"), "str"),
    "bytea": "bytes",
    "uuid": "UUID",
    "date": "date",
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    "interval": "timedelta",
    **dict.fromkeys(("json", "jsonb"), "Json"),
    **dict.fromkeys(("inet", "cidr"), "ipaddress"),
}
_SHORT_NAMES: Final = {
    "boolean": "bool",
    **dict.fromkeys(("smallint", "smallserial", "serial2"), "int2"),
    **dict.fromkeys(("integer", "int", "serial", "serial4"), "int4"),
    **dict.fromkeys(("bigint", "bigserial", "serial8"), "int8"),
    "real": "float4",
    **dict.fromkeys(("double precision", "float"), "float8"),
    "decimal": "numeric",
    **dict.fromkeys(("character varying", "string"), "varchar"),
    "character": "bpchar",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}
# The nearest Python types, by the Go type's name without package and pointer.
_NEAREST: Final = {
    "bool": ("bool",),
    "string": ("str",),
    **dict.fromkeys(("int", "int16", "int32", "int64"), ("int",)),
    **dict.fromkeys(("uint", "uint16", "uint32", "uint64"), ("int",)),
    **dict.fromkeys(("float32", "float64"), ("float",)),
    "[]byte": ("bytes", "Json"),
    **dict.fromkeys(("UUID", "NullUUID"), ("UUID",)),
    **dict.fromkeys(("Decimal", "NullDecimal", "Numeric"), ("Decimal",)),
    **dict.fromkeys(("Time", "Date", "Timestamptz"), ("datetime", "date")),
    **dict.fromkeys(("Duration", "Interval"), ("timedelta",)),
    **dict.fromkeys(("RawMessage", "JSON", "JSONB"), ("Json",)),
    **dict.fromkeys(("Addr", "Prefix", "IP", "IPNet", "Inet"), ("ipaddress",)),
}
# Packages of types that are there for NULL alone.
_WRAPPERS: Final = ("sql", "null", "zero", "pgtype")
# Where values can be of such a type without a class of the user's.
_PLAIN: Final = {"string": "str", "float32": "float", "float64": "float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names in a package's database and queries.

    Attributes:
        columns: names of columns of tables and composite types, and of parameters.
        classes: name in the database by sqlc's name of a table or type.
        types: type of a column by `table.column`.
    """

    columns: frozenset[str]
    classes: Mapping[str, str]
    types: Mapping[str, str]


def names_in(analysis: Analysis) -> Names:
    """Collect the names that sqlc's renames and overrides can refer to."""
    catalog = analysis.catalog
    columns = {
        parameter.name
        for queries in analysis.files.values()
        for query in queries
        for parameter in query.parameters
    }
    classes: dict[str, str] = {}
    types: dict[str, str] = {}
    for type_ in catalog.types.values():
        if type_.schema in catalog.search_path:
            classes[type_.name] = type_.name
    for relation in catalog.relations.values():
        columns |= {column.name for column in relation.columns}
        if relation.schema in catalog.search_path:
            classes[relation.name] = classes[singular(relation.name)] = relation.name
        for column in relation.columns:
            types[f"{relation.name}.{column.name}"] = column.type.sql
            types[f"{relation.qualified_name}.{column.name}"] = column.type.sql
    return Names(columns=frozenset(columns), classes=classes, types=types)


def codegen_toml(
    configuration: SqlcConfig,
    entries: Sequence[Entry],
    known: Mapping[str, Names],
) -> str:
    """Return the text of the file.

    Args:
        configuration: sqlc's configuration.
        entries: the entries that become packages.
        known: names in each package's database, by the package's name. A rename is
            adopted if its object is known, and is a comment otherwise.
    """
    lines = [*_database(entries)]
    for entry, name in zip(entries, package_names(entries), strict=True):
        lines += ["[[package]]", f"name = {_quoted(name)}"]
        if entry.paths:
            lines.append(f"schema = {_quoted_paths(entry.paths)}")
        lines.append(f"queries = {_quoted_paths(entry.queries)}")
        lines += _options(entry)
        lines += _renames(configuration.renames(entry), known.get(name))
        lines += _overrides(configuration.overrides_of(entry), known.get(name))
        lines.append("")
    return "\n".join(lines)


def servers(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the servers that the entries name, without duplicates."""
    uris = (entry.database.uri for entry in entries if entry.database)
    return tuple(dict.fromkeys(uri for uri in uris if uri))


def needed_server(entries: Iterable[Entry]) -> str | None:
    """Return the server that an entry without a schema needs."""
    return next(iter(servers(entry for entry in entries if not entry.paths)), None)


def _database(entries: Sequence[Entry]) -> Iterator[str]:
    if needed := needed_server(entries):
        yield from ("[database]", f"url = {_quoted(needed)}", "")
    elif named := servers(entries):
        yield "# sqlc asks this server. Here the schema is applied to an embedded one."
        yield "# [database]"
        yield f"# url = {_quoted(named[0])}"
        yield ""


def _options(entry: Entry) -> Iterator[str]:
    if entry.option("emit_pydantic_models"):
        yield 'models = "pydantic"'
    wanted = [
        api
        for api, option in (
            ("async", "emit_async_querier"),
            ("sync", "emit_sync_querier"),
        )
        if entry.option(option)
    ]
    if len(wanted) == 1:
        yield f"api = [{_quoted(wanted[0])}]"


def _renames(names: Mapping[str, str], known: Names | None) -> Iterator[str]:
    """Yield renames to Go names that differ from the Python names."""
    found: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for old, new in sorted(names.items()):
        if known is None:
            unknown[old] = new
            continue
        if old in known.columns and (column := _snake_case(new)) != old:
            found[f"*.{old}"] = column
        if old in known.classes:
            found[known.classes[old]] = new
    if found:
        yield "[package.rename]"
        yield from (f"{_quoted(old)} = {_quoted(new)}" for old, new in found.items())
    if unknown:
        yield '# Renamed in sqlc. Write a column as "*.name", a table or type as it is:'
        yield "# [package.rename]"
        yield from (f"# {_quoted(o)} = {_quoted(n)}" for o, n in unknown.items())


def _overrides(overrides: Sequence[Override], known: Names | None) -> Iterator[str]:
    """Yield overrides as comments, because their Go types do not exist in Python."""
    usual, chosen = [], []
    for one in overrides:
        name = one.column or (one.db_type or "").removeprefix("pg_catalog.")
        if not name or not one.go_name:
            continue
        types = known.types if known else {}
        pg_type = types.get(name, "") if one.column else name
        default = _DEFAULTS.get(_SHORT_NAMES.get(pg_type, pg_type))
        base = one.go_name.rpartition("/")[2].rpartition(".")[2].lstrip("*")
        of = f"{pg_type}, " if one.column and pg_type else ""
        nearest: tuple[str, ...] = _NEAREST.get(base, ())
        if default and (default in nearest or _is_wrapper(one.go_name)):
            usual.append(f"# {_quoted(name)}: {default}  ({of}in Go {one.go_name})")
            continue
        plain = _PLAIN.get(base)
        python = plain or f"yourapp.types.{_class_name(base)}"
        chosen.append(
            f"# {_quoted(name)} = {_quoted(python)}  # {of}in Go {one.go_name}"
        )
    if usual:
        yield "# Overridden for Go; in Python values are of these types anyway:"
        yield from dict.fromkeys(usual)
    if chosen:
        yield "# Overridden for Go. To override here too, name a class of yours:"
        yield "# [package.types]"
        yield from dict.fromkeys(chosen)


def _is_wrapper(go_name: str) -> bool:
    """Return True if the Go type only adds NULL: `sql.NullString`, `pgtype.Text`."""
    return go_name.rpartition("/")[2].partition(".")[0] in _WRAPPERS


def _class_name(base: str) -> str:
    name = re.sub(r"\W", "", base)
    return name[:1].upper() + name[1:] or "Class"


def _snake_case(name: str) -> str:
    """Convert Go's `SpotifyURL` to `spotify_url`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower()


def package_names(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a name for each entry: sqlc's, or the folder's if several are the same."""
    first = [next(_identifiers(one.names), "db") for one in entries]
    taken: set[str] = set()
    for one, name in zip(entries, first, strict=True):
        alike = [o for o, other in zip(entries, first, strict=True) if other == name]
        candidates = [name] if len(alike) == 1 else [*_distinguished(one, alike), name]
        numbered = (f"{candidates[0]}_{number}" for number in count(2))
        free = next(c for c in chain(candidates, numbered) if c not in taken)
        taken.add(free)
        yield free


def _distinguished(one: Entry, alike: Sequence[Entry]) -> Iterator[str]:
    """Yield names made of the parts that only this entry's paths have."""
    for mine, *others in zip_longest(one.places, *(o.places for o in alike)):
        parts = _parts(mine or "")
        all_parts = [_parts(other or "") for other in others]
        common = {part for part in parts if all(part in p for p in all_parts)}
        own = [part for part in parts if part not in common]
        yield from _identifiers([*own[-1:], "_".join(own)])


def _parts(path: str) -> tuple[str, ...]:
    return Path(path.removesuffix(".sql")).parts


def _identifiers(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        found = re.sub(r"\W", "_", name).strip("_").lower()
        taken = keyword.iskeyword(found) or found in RESERVED_PACKAGES
        if found.isidentifier() and not taken:
            yield found


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, except for control characters.
    return json.dumps(text, ensure_ascii=False)


def _quoted_paths(paths: tuple[str, ...]) -> str:
    if len(paths) == 1:
        return _quoted(paths[0])
    return f"[{', '.join(_quoted(path) for path in paths)}]"
