"""Servers of two majors, and statements proved against a schema on either."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.quiet import without_notices

from reposgen.analysis.declared import with_proved_columns
from reposgen.analysis.definitions import read_bodies
from reposgen.analysis.nullability import Definitions, Proof, prove
from reposgen.database import open_server
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import Catalog, Described, Statement
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.live_schema.tree import parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.analysis.nullability import Body
    from reposgen.live_schema.tree.model import Query


@dataclass(frozen=True)
class Schema:
    """A database with a schema, and its statements' proofs."""

    connection: psycopg.Connection[tuple[object, ...]]
    catalog: Catalog
    quiet: bool = False
    views: dict[int, tuple[Proof, ...]] = field(default_factory=dict)

    @property
    def major(self) -> int:
        return self.catalog.major

    def trees(self, statements: Sequence[str]) -> Mapping[str, Query]:
        """The trees of those statements that the server accepts.

        Without notices there are some that it keeps to itself.
        """
        found = describe(self.connection, [Statement(sql=s) for s in statements])
        trees = {}
        for statement, description in zip(statements, found, strict=True):
            if isinstance(description, Described):
                if description.tree is None and self.quiet:
                    continue
                assert description.tree is not None, statement
                tree = parse_tree(description.tree, self.major, statement)
                assert tree is not None, statement
                assert len(tree.results) == len(description.columns), statement
                trees[statement] = tree
        return trees

    def prove(self, tree: Query, nullable: Sequence[int] = ()) -> tuple[Proof, ...]:
        return prove(
            tree,
            self.catalog,
            builtin_functions(self.major),
            frozenset(nullable),
            Definitions(views=self.views, bodies=self._bodies(tree)),
        )

    def _bodies(self, tree: Query) -> Mapping[int, Body]:
        read = partial(read_sql_functions, self.connection)
        return read_bodies([tree], self.catalog, read)

    def proofs(self, statement: str, nullable: Sequence[int] = ()) -> tuple[Proof, ...]:
        return self.prove(self.trees([statement])[statement], nullable)

    def not_null(self, statement: str, nullable: Sequence[int] = ()) -> str:
        """The verdicts as letters: N for not null, a dot for what may be."""
        proofs = self.proofs(statement, nullable)
        return "".join("N" if proof.not_null else "." for proof in proofs)


class Schemas:
    """Makes schemas on the server of one major."""

    def __init__(self, conninfo: str, *, quiet: bool = False) -> None:
        self._conninfo = conninfo
        self._quiet = quiet
        self._made: dict[str, Schema] = {}

    def __call__(self, text: str) -> Schema:
        if text not in self._made:
            name = f"rg_nulls_{uuid4().hex[:12]}"
            with psycopg.connect(self._conninfo, autocommit=True) as admin:
                admin.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
                )
            connection = psycopg.connect(
                make_conninfo(self._conninfo, dbname=name), autocommit=True
            )
            connection.execute(text.encode())
            self._made[text] = _with_definitions(connection, quiet=self._quiet)
        return self._made[text]

    def close(self) -> None:
        for schema in self._made.values():
            name = schema.connection.info.dbname
            schema.connection.close()
            with psycopg.connect(self._conninfo, autocommit=True) as admin:
                admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _with_definitions(
    connection: psycopg.Connection[tuple[object, ...]], *, quiet: bool
) -> Schema:
    catalog = with_proved_columns(read_catalog(connection))
    schema = Schema(connection, catalog, quiet=quiet)
    for relation in schema.catalog.relations.values():
        if relation.view_definition:
            schema.views[relation.oid] = schema.proofs(relation.view_definition)
    return schema


# A server that is asked for by its URL is the only one that is looked at.
_MAJORS = ("url",) if "REPOSGEN_TEST_DATABASE_URL" in os.environ else ("18", "16")
_QUIET = " without notices"


@pytest.fixture(scope="session", params=[m + q for q in ("", _QUIET) for m in _MAJORS])
def schemas(request: pytest.FixtureRequest, server: str) -> Iterator[Schemas]:
    """Makes schemas on a server of each major that can be embedded, or on the URL's.

    Each is asked a second time through a proxy that lets no notices through.
    """
    wanted, quiet = request.param.removesuffix(_QUIET), _QUIET in request.param
    with ExitStack() as stack:
        with psycopg.connect(server) as connection:
            major = str(connection.info.server_version // 10000)
        if wanted in {major, "url"}:
            conninfo = server
        else:
            conninfo = stack.enter_context(open_server(f"embedded:{wanted}")).conninfo
        if quiet:
            conninfo = stack.enter_context(without_notices(conninfo))
        yield stack.enter_context(closing(Schemas(conninfo, quiet=quiet)))
