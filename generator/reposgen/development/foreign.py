"""Version tables of other migration tools, and the files that they list."""

from __future__ import annotations

import hashlib
import re
from dataclasses import field
from typing import TYPE_CHECKING, Final, LiteralString

from psycopg import sql

from reposgen.development.model import digest_of
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from psycopg import Connection

    from reposgen.development.model import Migration

_TABLES: LiteralString = """
    SELECT n.nspname::text, c.relname::text, (
        SELECT pg_catalog.array_agg(a.attname::text)
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
            AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
    )
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.relkind::text OPERATOR(pg_catalog.=) ANY ('{r,p}'::text[])
        AND c.relname::text OPERATOR(pg_catalog.=) ANY (%s)
    ORDER BY 1, 2
"""
_ATLAS_BASELINE: Final = 1
_LEADING_NUMBER = re.compile(r"[vV]?(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Contents of a version table.

    Attributes:
        names: identifiers of the applied files, in the tool's form.
        up_to: the newest version, if the table contains only that.
        broken: description of a file that the tool has not completed, or None.
        digests: digests of the applied files, by name: SHA-256 or SHA-384, in
            hexadecimal digits.
        readable: True if the table identifies the applied files.
    """

    names: tuple[str, ...] = ()
    up_to: int | None = None
    broken: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tool:
    """Version table of a tool.

    Attributes:
        columns: columns that identify the tool's table among others of the same name.
        lacks: columns that its table does not have.
        query: query for the rows, in order; `{}` is the table.
        read: makes the contents from rows.
        identify: returns a file's identifiers in `Said.names`, any of which matches.
    """

    name: str
    table: str
    columns: frozenset[str]
    query: LiteralString
    read: Callable[[Sequence[tuple[object, ...]]], Said]
    identify: Callable[[Migration], tuple[str, ...]]
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTable:
    """A version table in a database.

    Attributes:
        relation: its name, with its schema.
        state: text that changes whenever the tool applies or undoes a migration.
    """

    tool: str
    relation: str
    state: str
    said: Said
    identify: Callable[[Migration], tuple[str, ...]]

    def adoptable(
        self, migrations: Sequence[Migration], up_to: Sequence[Migration] | None
    ) -> tuple[Migration, ...]:
        """Return the files that the tool has applied.

        Args:
            migrations: all files, in order.
            up_to: files that were applied according to the user; None if not given.

        Raises:
            ReposgenError: the table does not identify the files, or names missing ones.
        """
        if self.said.broken:
            raise ReposgenError(
                [
                    error(
                        "adopt-broken",
                        f"{self.tool} left a migration half done: {self.said.broken}",
                        path=self.relation,
                        hint=f"repair the database with {self.tool} first",
                    )
                ]
            )
        if up_to is not None:
            return tuple(up_to)
        if not self.said.readable:
            raise self._unclear("its versions are not those of .sql files")
        # A repeatable file may have changed since, and can be applied again.
        migrations = [one for one in migrations if not one.repeatable]
        if self.said.up_to is not None:
            return self._up_to(migrations, self.said.up_to)
        files: dict[str, list[Migration]] = {}
        for one in migrations:
            for name in set(self.identify(one)):
                files.setdefault(name, []).append(one)
        for name in self.said.names:
            if len(files.get(name, ())) != 1:
                count = "several files are" if name in files else "no file is"
                raise self._unclear(f"{count} known for {name[:80]}")
        for name in self.said.names:
            self._check_text(files[name][0], self.said.digests.get(name))
        applied = {files[name][0].path for name in self.said.names}
        return tuple(one for one in migrations if one.path in applied)

    def _up_to(
        self, migrations: Sequence[Migration], version: int
    ) -> tuple[Migration, ...]:
        numbers = {one.path: _number(one) for one in migrations}
        if version and version not in numbers.values():
            raise self._unclear(f"no file is known for {version}")
        if None in numbers.values():
            raise self._unclear("the names of some files begin with no version")
        return tuple(
            one
            for one in migrations
            if (number := numbers[one.path]) is not None and number <= version
        )

    def _check_text(self, migration: Migration, digest: str | None) -> None:
        if digest and digest not in _digests(migration):
            raise ReposgenError(
                [
                    error(
                        "migration-changed",
                        f"the file has been changed since {self.tool} applied it",
                        path=migration.path,
                        hint="restore it; or say that it counts as applied: reposgen db"
                        " migrate --adopt --to VERSION",
                    )
                ]
            )

    def _unclear(self, why: str) -> ReposgenError:
        return ReposgenError(
            [
                error(
                    "adopt-unclear",
                    f"{self.tool}'s table does not tell which files were applied:"
                    f" {why}",
                    path=self.relation,
                    hint="say it: reposgen db migrate --adopt --to VERSION, the last"
                    " one that was applied, or --to 0 for none",
                )
            ]
        )


def foreign_tables(connection: Connection) -> tuple[ForeignTable, ...]:
    """Return the version tables of other tools in a database."""
    found = []
    names = sorted({tool.table for tool in _TOOLS})
    for schema, table, columns in connection.execute(_TABLES, (names,)).fetchall():
        for tool in _TOOLS:
            if (
                tool.table == table
                and tool.columns <= set(columns)
                and not tool.lacks & set(columns)
            ):
                query = sql.SQL(tool.query).format(sql.Identifier(schema, table))
                rows = connection.execute(query).fetchall()
                found.append(
                    ForeignTable(
                        tool=tool.name,
                        relation=f"{schema}.{table}",
                        state=digest_of(map(repr, rows)),
                        said=tool.read(rows),
                        identify=tool.identify,
                    )
                )
                break
    return tuple(found)


def _number(migration: Migration) -> int | None:
    """Return the leading number of a file's name, the version for most tools."""
    name = migration.place.name
    if name == "migration.sql":
        name = migration.place.parent.name
    found = _LEADING_NUMBER.match(name)
    return int(found[1]) if found and migration.version is not None else None


def _by_number(migration: Migration) -> tuple[str, ...]:
    number = _number(migration)
    return () if number is None else (str(number),)


def _by_file_name(migration: Migration) -> tuple[str, ...]:
    return (migration.place.name,)


def _by_folder(migration: Migration) -> tuple[str, ...]:
    return (migration.place.parent.name,)


def _digests(migration: Migration) -> tuple[str, ...]:
    """Return a file's possible checksums, with its own line ends and with LF."""
    data = migration.place.read_bytes()
    return tuple(
        algorithm(text).hexdigest()
        for text in (data, data.replace(b"\r\n", b"\n"))
        for algorithm in (hashlib.sha256, hashlib.sha384)
    )


def _by_nothing(_: Migration) -> tuple[str, ...]:
    return ()


def _unreadable(rows: Sequence[tuple[object, ...]]) -> Said:
    return Said(readable=not rows)


def _names(rows: Iterable[tuple[object, ...]]) -> Said:
    return Said(names=tuple(str(row[0]) for row in rows))


def _numbers(rows: Iterable[tuple[object, ...]]) -> Said:
    """Return the contents of a table of versions, without leading zeros."""
    found = [str(row[0]) for row in rows]
    return Said(names=tuple(str(int(n)) if n.isdecimal() else n for n in found))


def _goose(rows: Sequence[tuple[object, ...]]) -> Said:
    # One row for each time that a version was applied or taken back.
    latest = {row[0]: row[1] for row in rows}
    applied = [version for version, is_applied in latest.items() if is_applied]
    return Said(names=tuple(str(version) for version in applied if version != 0))


def _golang_migrate(rows: Sequence[tuple[object, ...]]) -> Said:
    if not rows:
        return Said()
    version, dirty = rows[0]
    broken = f"version {version} is dirty" if dirty else None
    return Said(up_to=int(str(version)), broken=broken)


def _sqlx(rows: Sequence[tuple[object, ...]]) -> Said:
    failed = [version for version, success, _ in rows if not success]
    return Said(
        names=tuple(str(version) for version, _, _ in rows),
        broken=f"version {failed[0]} was not successful" if failed else None,
        digests={str(version): str(digest) for version, _, digest in rows},
    )


def _flyway(rows: Sequence[tuple[object, ...]]) -> Said:
    applied: dict[str, str] = {}
    baseline = None
    for version, script, kind, success in rows:
        key = str(version or script)
        if not success:
            return Said(broken=f"{script} was not successful")
        if kind == "BASELINE":
            baseline = str(version)
        elif str(kind).startswith("UNDO") or kind == "DELETE":
            applied.pop(key, None)
        elif kind in ("SQL", "SCHEMA"):
            if version is not None:
                applied[key] = str(script).replace("\\", "/").rpartition("/")[2]
        else:
            return Said(readable=False)
    # What was there before Flyway came has no rows.
    if baseline is not None:
        return Said(readable=False)
    return Said(names=tuple(name for name in applied.values() if "<<" not in name))


def _atlas(rows: Sequence[tuple[object, ...]]) -> Said:
    for version, applied, total, kind in rows:
        if kind == _ATLAS_BASELINE:
            # What was there before atlas came has no rows.
            return Said(readable=False)
        if applied != total:
            broken = f"{applied} of {total} statements of version {version} are done"
            return Said(broken=broken)
    # Its first row is about itself.
    return _numbers(row for row in rows if not str(row[0]).startswith("."))


def _prisma(rows: Sequence[tuple[object, ...]]) -> Said:
    applied = {}
    for name, finished, rolled_back, digest in rows:
        if rolled_back:
            continue
        if not finished:
            return Said(broken=f"{name} has not finished")
        applied[str(name)] = str(digest)
    return Said(names=tuple(applied), digests=applied)


def _tern(rows: Sequence[tuple[object, ...]]) -> Said:
    return Said(up_to=int(str(rows[0][0]))) if rows else Said()


_TOOLS: Final[tuple[_Tool, ...]] = (
    _Tool(
        name="goose",
        table="goose_db_version",
        columns=frozenset({"id", "version_id", "is_applied"}),
        query="SELECT version_id, is_applied FROM {} ORDER BY id",
        read=_goose,
        identify=_by_number,
    ),
    _Tool(
        name="golang-migrate",
        table="schema_migrations",
        columns=frozenset({"version", "dirty"}),
        query="SELECT version, dirty FROM {}",
        read=_golang_migrate,
        identify=_by_number,
    ),
    _Tool(
        name="dbmate",
        table="schema_migrations",
        columns=frozenset({"version"}),
        lacks=frozenset({"dirty"}),
        query="SELECT version::text FROM {} ORDER BY 1",
        read=_numbers,
        identify=_by_number,
    ),
    _Tool(
        name="sqlx",
        table="_sqlx_migrations",
        columns=frozenset({"version", "success", "checksum"}),
        query="SELECT version, success, pg_catalog.encode(checksum, 'hex') FROM {}"
        " ORDER BY version",
        read=_sqlx,
        identify=_by_number,
    ),
    _Tool(
        name="alembic",
        table="alembic_version",
        columns=frozenset({"version_num"}),
        query="SELECT version_num FROM {} ORDER BY 1",
        read=_unreadable,
        identify=_by_nothing,
    ),
    _Tool(
        name="Flyway",
        table="flyway_schema_history",
        columns=frozenset({"installed_rank", "version", "script", "type", "success"}),
        query="SELECT version, script, type, success FROM {} ORDER BY installed_rank",
        read=_flyway,
        identify=_by_file_name,
    ),
    _Tool(
        name="atlas",
        table="atlas_schema_revisions",
        columns=frozenset({"version", "applied", "total", "type"}),
        query="SELECT version, applied, total, type FROM {} ORDER BY version",
        read=_atlas,
        identify=_by_number,
    ),
    _Tool(
        name="Prisma",
        table="_prisma_migrations",
        columns=frozenset(
            {"migration_name", "finished_at", "rolled_back_at", "checksum"}
        ),
        query="SELECT migration_name, finished_at, rolled_back_at, checksum FROM {}"
        " ORDER BY started_at",
        read=_prisma,
        identify=_by_folder,
    ),
    _Tool(
        name="drizzle",
        table="__drizzle_migrations",
        columns=frozenset({"hash", "created_at"}),
        query="SELECT hash FROM {} ORDER BY created_at",
        read=_names,
        identify=_digests,
    ),
    _Tool(
        name="sql-migrate",
        table="gorp_migrations",
        columns=frozenset({"id", "applied_at"}),
        query="SELECT id FROM {} ORDER BY id",
        read=_names,
        identify=_by_file_name,
    ),
    _Tool(
        name="tern",
        table="schema_version",
        columns=frozenset({"version"}),
        lacks=frozenset({"installed_rank"}),
        query="SELECT version FROM {}",
        read=_tern,
        identify=_by_number,
    ),
    _Tool(
        name="django",
        table="django_migrations",
        columns=frozenset({"app", "name", "applied"}),
        query="SELECT app, name FROM {} ORDER BY id",
        read=_unreadable,
        identify=_by_nothing,
    ),
)

# What the objects of a database are compared without.
VERSION_TABLES: Final = frozenset(tool.table for tool in _TOOLS)
