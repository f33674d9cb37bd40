"""Results of the analysis as the JSON document of `reposgen describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reposgen.analysis.model import Column, Embed
from reposgen.cli.findings import findings
from reposgen.cli.report import locks_of, row_locks, verdicts
from reposgen.live_schema.model import CompositeType, DomainType, EnumType
from reposgen.python_model.model.modules import ModelsModule, QueriesModule
from reposgen.render.annotations import plain_annotation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reposgen.analysis.model import Parameter, ResultItem, TypedQuery
    from reposgen.contracts.locks.model import QueryLocks
    from reposgen.contracts.model import TenantVerdict
    from reposgen.live_schema.model import Catalog
    from reposgen.project import AnalysedPackage, Project
    from reposgen.python_model.model import Package
    from reposgen.python_model.model.caching import Invalidation
    from reposgen.python_model.model.elements import Method, Query, RowClass
    from reposgen.python_model.model.pytype import Symbol

    Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None


# What a write invalidates of a cached read: the results with its key, all of them, or
# the results of a read that depends on a table as a whole.
_EXTENTS = {True: "key", False: "all", None: "table"}


def document(project: Project) -> Json:
    """Return the whole document."""
    return {
        "packages": [_package(package) for package in project.packages],
        "diagnostics": findings(project.diagnostics),
    }


def _package(package: AnalysedPackage) -> Json:
    catalog = package.analysis.catalog
    python = _Python(package.code)
    tenants = verdicts(package)
    locks = locks_of(package)
    types = sorted(catalog.types.values(), key=lambda one: one.sql)
    return {
        "name": package.options.name,
        "queries": [
            {
                **_query(query, catalog, python, tenants),
                **_locks(package, locks.get((path, query.name))),
            }
            for path, queries in package.analysis.files.items()
            for query in queries
        ],
        "enums": [
            {"name": one.sql, "labels": one.labels, "comment": one.comment}
            for one in types
            if isinstance(one, EnumType)
        ],
        "composites": [
            {
                "name": one.sql,
                "fields": [
                    {"name": field.name, "type": field.type.sql} for field in one.fields
                ],
                "comment": one.comment,
            }
            for one in types
            if isinstance(one, CompositeType) and one.relation is None
        ],
        "domains": [
            {
                "name": one.sql,
                "base": one.base.sql,
                "not_null": one.not_null,
                "comment": one.comment,
            }
            for one in types
            if isinstance(one, DomainType)
        ],
        "models": [
            {
                "name": model.symbol.name,
                "fields": [
                    {"name": field.name, "python": plain_annotation(field.type)}
                    for field in model.fields
                ],
            }
            for model in python.models
        ],
    }


def _query(
    query: TypedQuery,
    catalog: Catalog,
    python: _Python,
    tenants: Mapping[tuple[str, str], TenantVerdict],
) -> Mapping[str, Json]:
    arguments = python.arguments(query)
    row, fields = python.row(query)
    # An export has one value for all of its columns, and :exec has none for any.
    if len(fields) != len(query.results):
        fields = []
    return {
        "name": query.name,
        "method": python.method(query) or query.method,
        "command": query.command.value,
        "file": query.query.source.path,
        "line": query.query.name_span.line,
        "doc": query.doc,
        "sql": "".join(piece.sql for piece in query.pieces),
        "parameters": [
            _parameter(parameter, arguments[index] if arguments else None)
            for index, parameter in enumerate(query.parameters)
        ],
        "columns": [
            _column(item, catalog, fields[index] if fields else None)
            for index, item in enumerate(query.results)
        ],
        "row": row,
        "cardinality": query.cardinality.value,
        "reads": query.reads,
        "writes": query.writes,
        "read_only": query.read_only,
        "raises": [str(refusal) for refusal in query.raises],
        "unknown_reads": query.unknown_reads,
        "unknown_writes": query.unknown_writes,
        "tenant": _tenant(tenants.get((query.query.source.path, query.name))),
        "caching": _caching(query, python),
        "diagnostics": findings(query.diagnostics),
    }


def _locks(package: AnalysedPackage, locks: QueryLocks | None) -> Mapping[str, Json]:
    """Return the tables and rows that a query locks; null if that is not known."""
    if package.locks is None or locks is None or locks.unobserved is not None:
        return {"locks": None, "row_locks": None}
    return {
        "locks": [
            {"table": one.table, "mode": one.mode.sql, "always": one.always}
            for one in package.locks.tables(locks)
        ],
        "row_locks": [
            {
                "table": table,
                "mode": step.mode.sql if step.mode is not None else None,
                "several": step.many,
                "ordered": bool(step.order),
                "waits": step.waits,
                "foreign_key": step.via or None,
            }
            for table, step in row_locks(package, locks)
        ],
    }


def _tenant(verdict: TenantVerdict | None) -> Json:
    if verdict is None:
        return None
    return {
        "proved": verdict.proved,
        "named_by": verdict.tenant,
        "routing": verdict.routing.value,
        "other_tables": verdict.others,
        "triggers": verdict.triggers,
        "waiver": verdict.waiver,
    }


def _caching(query: TypedQuery, python: _Python) -> Json:
    """Return how a read is cached, and the writes that invalidate its results."""
    if query.cache is None:
        return None
    return {
        "ttl": query.cache.ttl_ms / 1000,
        "levels": query.cache.levels,
        "negative": query.cache.negative_ms / 1000,
        "stale": query.cache.stale_ms / 1000,
        "invalidated_by": [
            {
                "file": one.write.query.source.path,
                "query": one.write.name,
                "table": one.table or None,
                "extent": _EXTENTS[one.is_precise],
                "why": one.why,
            }
            for one in python.invalidations(query)
        ],
    }


def _parameter(parameter: Parameter, python: str | None) -> Json:
    return {
        "name": parameter.name,
        "type": parameter.type.sql,
        "python": python,
        "nullable": parameter.nullable,
        "optional": parameter.optional is not None,
    }


def _column(item: ResultItem, catalog: Catalog, python: str | None) -> Json:
    match item:
        case Embed():
            return {
                "name": item.name,
                "embed": item.relation.qualified_name,
                "python": python,
                "nullable": item.nullable,
                "columns": [_column(inner, catalog, None) for inner in item.columns],
            }
        case Column():
            relation = catalog.relations.get(item.table[0]) if item.table else None
            column = relation.column(item.table[1]) if relation and item.table else None
            return {
                "name": item.name,
                "type": item.type.sql,
                "python": python,
                "nullable": item.nullable,
                "table": relation.qualified_name if relation else None,
                "column": column.name if column else None,
                "why": "; ".join(item.why),
            }
        case _:
            assert_never(item)


class _Python:
    """Python definitions of queries, by file and SQL name.

    A query with an error in its Python form, such as an unknown type, is part of the
    analysis, but not of this object.
    """

    def __init__(self, package: Package) -> None:
        self._methods: dict[tuple[str, str], Method] = {}
        self._queries: dict[Symbol, Query] = {}
        self.models: tuple[RowClass, ...] = ()
        self._invalidations = package.invalidations
        # Several queries may have one class.
        self._rows: dict[Symbol, RowClass] = {}
        for module in package.modules:
            match module:
                case ModelsModule():
                    self.models = module.rows
                case QueriesModule():
                    self._queries |= {q.statement.symbol: q for q in module.queries}
                    self._rows |= {q.row.symbol: q.row for q in module.queries if q.row}
                    for method in module.repository.methods:
                        # The first flavor's: the other one's are the same.
                        key = module.origin, method.signature.query
                        self._methods.setdefault(key, method)
                case _:
                    pass

    def invalidations(self, query: TypedQuery) -> list[Invalidation]:
        """Return the writes that invalidate a cached read."""
        path = query.query.source.path
        return [
            one
            for one in self._invalidations
            if (one.read.query.source.path, one.read.name) == (path, query.name)
        ]

    def method(self, query: TypedQuery) -> str | None:
        method = self._method_of(query)
        return method.signature.name if method else None

    def arguments(self, query: TypedQuery) -> list[str]:
        """Return the Python types of a query's parameters, in order."""
        if not (method := self._method_of(query)):
            return []
        params = self._queries[method.statement].params
        holders = params.fields if params else method.signature.arguments
        return [plain_annotation(holder.type) for holder in holders]

    def row(self, query: TypedQuery) -> tuple[str | None, list[str]]:
        """Return the row class, or None, and the Python types of its columns."""
        if not (method := self._method_of(query)):
            return None, []
        made = self._queries[method.statement]
        if made.row:
            row = made.row
        elif result := made.statement.result:
            return None, [plain_annotation(result)]
        else:
            models = {model.symbol: model for model in self.models} | self._rows
            builders = {m.builder.symbol: m for m in self.models if m.builder}
            maker = made.builder.result if made.builder else made.maker
            if maker is None:
                return None, []
            row = models.get(maker) or builders[maker]
        return row.symbol.name, [plain_annotation(field.type) for field in row.fields]

    def _method_of(self, query: TypedQuery) -> Method | None:
        return self._methods.get((query.query.source.path, query.name))
