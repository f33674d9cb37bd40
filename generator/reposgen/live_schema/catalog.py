"""Reader of a database's catalog, in one round trip.

The query is `catalog.sql`. Each list in its document has the positions that the
functions in this module unpack.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import RawCursor

from reposgen.live_schema.model import (
    ArrayCheck,
    ArrayType,
    BaseType,
    Catalog,
    CompositeField,
    CompositeType,
    Constraint,
    ConstraintKind,
    DomainCheck,
    DomainType,
    EnumType,
    Function,
    Generated,
    Index,
    MultirangeType,
    PgType,
    Policy,
    PseudoType,
    RangeType,
    Relation,
    RelationColumn,
    RelationKind,
    SqlBody,
    Trigger,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import psycopg

    Row = list[Any]

_QUERY = Path(__file__).with_name("catalog.sql").read_text(encoding="utf-8")

# pg_trigger.tgtype
_ROW, _BEFORE, _INSTEAD = 1, 2, 64
_EVENTS = {4: "insert", 8: "delete", 16: "update", 32: "truncate"}


def read_catalog(
    connection: psycopg.Connection[Any], also: Collection[int] = ()
) -> Catalog:
    """Return the catalog of the database.

    Args:
        connection: a connection to PostgreSQL 14 or later.
        also: oids of system relations to read as well.

    Raises:
        psycopg.Error: the connection is lost.
    """
    oids = ",".join(map(str, also))
    with RawCursor(connection) as cursor:
        # The simple query protocol, which runs two statements at once, has no
        # parameters.
        cursor.execute(_QUERY.replace("$1", f"'{{{oids}}}'::oid[]").encode())
        cursor.nextset()
        row = cursor.fetchone()
    text: str = row[0] if row else "{}"
    document = json.loads(text)
    relations = document["relations"] or []
    types = _Types(document["types"], relations)
    kept = (r for r in relations if r[3] != RelationKind.COMPOSITE)
    return Catalog(
        server_version=document["version"],
        encoding=document["encoding"],
        search_path=tuple(document["search_path"]),
        types={oid: types.resolve(oid) for oid in types.rows},
        relations={r[0]: _relation(r, types) for r in kept},
        functions={r[0]: _function(r) for r in document["functions"] or ()},
        keywords=frozenset(document["keywords"]),
        operator_equality={
            int(oid): tuple(families) for oid, families in document["equality"].items()
        },
        nondeterministic=frozenset(document["nondeterministic"]),
        json_casts=frozenset(document["json_casts"]),
        extensions=tuple(document["extensions"]),
        array_checks=tuple(
            ArrayCheck(relation=relation, domain=domain, tree=tree)
            for relation, domain, tree in document["array_checks"] or ()
        ),
        hidden_calls=_hidden_calls(document["hidden"] or ()),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


class _Types:
    """Resolver of types that refer to each other; no type can contain itself."""

    def __init__(self, rows: Iterable[Row], relations: Iterable[Row]) -> None:
        self.rows = {row[0]: row for row in rows}
        self._columns = {row[0]: row[4] or () for row in relations}
        self._done: dict[int, PgType] = {}

    def resolve(self, oid: int) -> PgType:
        if oid not in self._done:
            row = self.rows.get(oid)
            self._done[oid] = self._build(row) if row else _unread_row(oid)
        return self._done[oid]

    def _build(self, row: Row) -> PgType:  # noqa: PLR0911 - one return for each kind of type
        oid, schema, name, sql, kind, element, relation, base, not_null = row[:9]
        refers, labels, comment, checks = row[9:]
        match kind:
            # record[] is a pseudo-type, and an array type.
            case "b" | "p" if element:
                return ArrayType(
                    oid=oid,
                    schema=schema,
                    name=name,
                    sql=sql,
                    element=self.resolve(element),
                )
            case "c":
                return CompositeType(
                    oid=oid,
                    schema=schema,
                    name=name,
                    sql=sql,
                    fields=tuple(
                        CompositeField(
                            name=column[1],
                            type=self.resolve(column[2]),
                            number=column[0],
                            comment=column[8],
                        )
                        for column in self._columns[relation]
                    ),
                    relation=relation,
                    comment=comment,
                )
            case "d":
                return DomainType(
                    oid=oid,
                    schema=schema,
                    name=name,
                    sql=sql,
                    base=self.resolve(base),
                    not_null=not_null,
                    comment=comment,
                    checks=tuple(
                        DomainCheck(name=name, definition=definition, tree=tree)
                        for name, definition, tree in checks or ()
                    ),
                )
            case "e":
                return EnumType(
                    oid=oid,
                    schema=schema,
                    name=name,
                    sql=sql,
                    labels=tuple(labels or ()),
                    comment=comment,
                )
            case "r":
                subtype = self.resolve(refers)
                return RangeType(
                    oid=oid, schema=schema, name=name, sql=sql, subtype=subtype
                )
            case "m":
                range_ = self.resolve(refers)
                if isinstance(range_, RangeType):
                    return MultirangeType(
                        oid=oid, schema=schema, name=name, sql=sql, range=range_
                    )
            case "b":
                return BaseType(oid=oid, schema=schema, name=name, sql=sql)
        return PseudoType(oid=oid, schema=schema, name=name, sql=sql)


def _unread_row(oid: int) -> PgType:
    # The catalog lacks only the row types of system relations that were not asked for.
    return PseudoType(oid=oid, schema="pg_catalog", name="record", sql="record")


def _relation(row: Row, types: _Types) -> Relation:
    oid, schema, name, kind, columns, constraints, indexes, triggers = row[:8]
    children, row_security, row_type, comment, definition = row[8:13]
    policies, parents, partitioned, bound = row[13:]
    strategy, partition_columns = partitioned or ("", ())
    return Relation(
        oid=oid,
        schema=schema,
        name=name,
        kind=RelationKind(kind),
        columns=tuple(_column(c, types) for c in columns or ()),
        constraints=tuple(_constraint(c) for c in constraints or ()),
        indexes=tuple(_index(i) for i in indexes or ()),
        triggers=tuple(_trigger(t) for t in triggers or ()),
        children=tuple(children or ()),
        row_security=row_security,
        row_type=row_type,
        comment=comment,
        view_definition=definition,
        policies=tuple(
            Policy(name=name, command=command, using=using, check=check)
            for name, command, using, check in policies or ()
        ),
        parents=tuple(parents or ()),
        partition_strategy=strategy,
        partition_columns=tuple(partition_columns),
        partition_bound=bound,
    )


def _column(row: Row, types: _Types) -> RelationColumn:
    number, name, type_, modifier, not_null, not_null_only = row[:6]
    has_default, generated, comment, generated_from, expression = row[6:]
    return RelationColumn(
        number=number,
        name=name,
        type=types.resolve(type_),
        type_modifier=modifier,
        not_null=not_null,
        not_null_only=not_null_only,
        has_default=has_default,
        generated=Generated(generated),
        comment=comment,
        generated_from=tuple(generated_from or ()),
        expression_tree=expression,
    )


def _constraint(row: Row) -> Constraint:
    name, kind, columns, definition, validated, deferrable = row[:6]
    references, referenced_columns, on_delete, on_update, oid = row[6:11]
    match_full, set_columns, depends, is_steady, is_period, parent = row[11:17]
    tree, partial = row[17:]
    return Constraint(
        name=name,
        kind=ConstraintKind(kind),
        columns=tuple(columns),
        definition=definition,
        validated=validated,
        deferrable=deferrable,
        references=references,
        referenced_columns=tuple(referenced_columns),
        on_delete=on_delete,
        on_update=on_update,
        oid=oid,
        match_full=match_full,
        set_columns=tuple(set_columns) if set_columns else None,
        depends=tuple(depends or ()),
        is_steady=is_steady,
        is_period=is_period,
        parent=tuple(parent) if parent else None,
        check_tree=tree,
        partial=partial,
    )


def _index(row: Row) -> Index:
    name, columns, families, collations, unique, primary = row[:6]
    nulls_not_distinct, predicate, predicate_tree, expressions_tree = row[6:]
    return Index(
        name=name,
        columns=tuple(columns),
        operator_families=tuple(families),
        collations=tuple(map(int, collations)),
        unique=unique,
        primary=primary,
        nulls_not_distinct=nulls_not_distinct,
        predicate=predicate,
        predicate_tree=predicate_tree,
        expressions_tree=expressions_tree,
    )


def _trigger(row: Row) -> Trigger:
    name, bits, function, columns = row
    return Trigger(
        name=name,
        before=bool(bits & _BEFORE),
        instead_of=bool(bits & _INSTEAD),
        row_level=bool(bits & _ROW),
        events=tuple(event for bit, event in _EVENTS.items() if bits & bit),
        function=function,
        columns=tuple(columns),
    )


def _function(row: Row) -> Function:
    oid, schema, name, names, strict, volatility, kind, returns_set, extension = row[:9]
    outputs, returns, body, digest = row[9:]
    return Function(
        oid=oid,
        schema=schema,
        name=name,
        argument_names=tuple(names),
        strict=strict,
        volatility=volatility,
        kind=kind,
        returns_set=returns_set,
        extension=extension,
        output_names=tuple(outputs),
        returns=returns,
        body=_body(body) if body else None,
        digest=digest,
    )


def _body(row: Row) -> SqlBody:
    arguments, defaults, search_path, resolved, _ = row
    return SqlBody(
        arguments=arguments,
        defaults_tree=defaults,
        search_path=search_path,
        resolved=resolved,
    )


def _hidden_calls(rows: Iterable[Row]) -> dict[tuple[str, int], tuple[int, ...]]:
    found: dict[tuple[str, int], tuple[int, ...]] = {}
    for kind, oid, function in rows:
        found[kind, oid] = (*found.get((kind, oid), ()), function)
    return found
