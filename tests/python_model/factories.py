"""Analyses without a server: what the analysis of a query would have said."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from reposgen.analysis.model import (
    Analysis,
    Cardinality,
    Column,
    CopyTarget,
    Embed,
    Parameter,
    Piece,
    ResultItem,
    TypedQuery,
    Violation,
)
from reposgen.config.model import PackageConfig
from reposgen.diagnostics import SourceFile
from reposgen.live_schema.model import (
    ArrayType,
    BaseType,
    Catalog,
    CompositeField,
    CompositeType,
    Constraint,
    ConstraintKind,
    DomainType,
    EnumType,
    Generated,
    PgType,
    PseudoType,
    RangeType,
    Relation,
    RelationColumn,
    RelationKind,
)
from reposgen.sql_source.model import Command, Query, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

_OIDS = count(100_000)


def base(name: str, schema: str = "pg_catalog") -> BaseType:
    return BaseType(oid=hash((schema, name)), schema=schema, name=name, sql=name)


def array(element: PgType) -> ArrayType:
    return ArrayType(
        oid=hash(("array", element.oid)),
        schema=element.schema,
        name=f"_{element.name}",
        sql=f"{element.sql}[]",
        element=element,
    )


def enum(
    name: str, *labels: str, schema: str = "public", comment: str = ""
) -> EnumType:
    return EnumType(
        oid=next(_OIDS),
        schema=schema,
        name=name,
        sql=name,
        labels=labels,
        comment=comment or None,
    )


def domain(name: str, over: PgType, schema: str = "public") -> DomainType:
    return DomainType(
        oid=next(_OIDS), schema=schema, name=name, sql=name, base=over, not_null=False
    )


def composite(name: str, /, **fields: PgType) -> CompositeType:
    return CompositeType(
        oid=next(_OIDS),
        schema="public",
        name=name,
        sql=name,
        fields=tuple(CompositeField(name=n, type=t) for n, t in fields.items()),
    )


def range_of(name: str, subtype: PgType) -> RangeType:
    return RangeType(
        oid=next(_OIDS), schema="pg_catalog", name=name, sql=name, subtype=subtype
    )


def pseudo(name: str) -> PseudoType:
    return PseudoType(oid=next(_OIDS), schema="pg_catalog", name=name, sql=name)


TEXT, INT4, UUID, BOOL = base("text"), base("int4"), base("uuid"), base("bool")
DATE, TIMESTAMPTZ, JSONB = base("date"), base("timestamptz"), base("jsonb")


def attribute(
    name: str, type_: PgType = TEXT, *, null: bool = False, comment: str = ""
) -> RelationColumn:
    return RelationColumn(
        number=0,
        name=name,
        type=type_,
        type_modifier=-1,
        not_null=not null,
        not_null_only=not null,
        has_default=False,
        generated=Generated.NO,
        comment=comment or None,
    )


def table(
    name: str,
    *columns: RelationColumn,
    schema: str = "public",
    comment: str = "",
    kind: RelationKind = RelationKind.TABLE,
    constraints: tuple[Constraint, ...] = (),
) -> Relation:
    return Relation(
        oid=next(_OIDS),
        schema=schema,
        name=name,
        kind=kind,
        columns=tuple(replace(c, number=n) for n, c in enumerate(columns, 1)),
        constraints=constraints,
        indexes=(),
        triggers=(),
        children=(),
        row_security=False,
        row_type=next(_OIDS),
        comment=comment or None,
    )


def constraint(name: str, definition: str, kind: ConstraintKind) -> Constraint:
    return Constraint(name=name, kind=kind, columns=(), definition=definition)


def column(
    name: str,
    type_: PgType = TEXT,
    *,
    null: bool = False,
    of: tuple[Relation, int] | None = None,
) -> Column:
    return Column(
        name=name,
        type=type_,
        nullable=null,
        why=(),
        table=(of[0].oid, of[1]) if of else None,
    )


def columns_of(relation: Relation, *, null: bool = False) -> tuple[Column, ...]:
    return tuple(
        column(c.name, c.type, null=null or not c.not_null, of=(relation, c.number))
        for c in relation.columns
    )


def embed(relation: Relation, name: str = "", *, null: bool = False) -> Embed:
    return Embed(
        name=name or relation.name,
        relation=relation,
        nullable=null,
        columns=columns_of(relation, null=null),
        probe=0 if null else None,
    )


def parameter(
    name: str,
    type_: PgType = TEXT,
    *,
    null: bool = False,
    of: tuple[Relation, int] | None = None,
) -> Parameter:
    return Parameter(
        number=0,
        name=name,
        type=type_,
        nullable=null,
        span=SourceFile(path="q.sql", text=" ").span(0),
        column=(of[0].oid, of[1]) if of else None,
    )


def query(
    name: str,
    command: Command,
    *results: ResultItem,
    parameters: tuple[Parameter, ...] = (),
    sql: str = "SELECT 1",
    doc: str = "",
    model: Relation | None = None,
    cardinality: Cardinality = Cardinality.AT_MOST_ONE,
    copy: CopyTarget | None = None,
    raises: tuple[Violation, ...] = (),
    writes: tuple[Relation, ...] = (),
    read_only: bool = False,
    locks_rows: bool = False,
) -> TypedQuery:
    span = SourceFile(path="q.sql", text=f"-- name: {name} :{command}\n{sql}").span(0)
    return TypedQuery(
        query=Query(
            name=name,
            name_span=span,
            command=command,
            command_span=span,
            doc=doc,
            directives=(),
            segments=(Text(span=span),),
            span=span,
        ),
        command=command,
        method=re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower(),
        doc=doc,
        pieces=(Piece(sql=sql),),
        parameters=tuple(replace(p, number=n) for n, p in enumerate(parameters, 1)),
        results=columns_of(model) if model else results,
        model=model,
        cardinality=cardinality,
        reads=(),
        writes=tuple(relation.qualified_name for relation in writes),
        read_only=read_only,
        locks_rows=locks_rows,
        raises=raises,
        copy=copy,
    )


def analysis(
    *queries: TypedQuery,
    relations: tuple[Relation, ...] = (),
    types: tuple[PgType, ...] = (),
    path: str = "queries/tasks.sql",
    files: Mapping[str, tuple[TypedQuery, ...]] | None = None,
) -> Analysis:
    catalog = Catalog(
        server_version=180004,
        search_path=("public",),
        types={t.oid: t for t in types},
        relations={r.oid: r for r in relations},
        functions={},
        operator_equality={},
        extensions=(),
        digest="",
        encoding="UTF8",
        keywords=frozenset(),
    )
    named = dict(files or {})
    if queries:
        named[path] = queries
    return Analysis(catalog=catalog, files=named, diagnostics=(), trees=True)


def config(**options: object) -> PackageConfig:
    return PackageConfig.model_validate(
        {"name": "demo", "queries": "queries", **options}
    )
