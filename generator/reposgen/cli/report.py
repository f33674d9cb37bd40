"""Results of the analysis as text for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from reposgen.analysis.model import Column, Embed
from reposgen.contracts.model import Routing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.model import Parameter, ResultItem, TypedQuery
    from reposgen.contracts.locks.model import QueryLocks, RowStep
    from reposgen.contracts.model import Tenancy, TenantVerdict
    from reposgen.project import AnalysedPackage, Project
    from reposgen.python_model.model.modules import Package


def report(project: Project) -> str:
    """Return all queries of all packages, with their parameters and columns."""
    lines: list[str] = []
    for package in project.packages:
        tenants = verdicts(package)
        locks = locks_of(package)
        for path, queries in package.analysis.files.items():
            lines.append(f"{package.options.name}: {path}")
            for query in queries:
                lines += (f"  {line}" for line in _query(query, tenants))
                if own := locks.get((path, query.name)):
                    lines += (f"    {line}" for line in _locks(package, own))
            lines.append("")
        if package.tenancy is not None:
            lines += [*_tenancy(package.options.name, package.tenancy), ""]
        if package.code.invalidations:
            lines.append(f"{package.options.name}: cached reads")
            lines += (f"  {line}" for line in _invalidations(package.code))
            lines.append("")
    return "\n".join(lines).rstrip()


def verdicts(package: AnalysedPackage) -> Mapping[tuple[str, str], TenantVerdict]:
    """Return what is proved of the tenants of queries, by file and name."""
    found = package.tenancy.verdicts if package.tenancy else ()
    return {(one.file, one.query): one for one in found}


def locks_of(package: AnalysedPackage) -> Mapping[tuple[str, str], QueryLocks]:
    """Return the locks of queries, by file and name; empty if they are not known."""
    return {
        (path, one.query.name): one
        for path, several in (package.locks.queries if package.locks else {}).items()
        for one in several
    }


def _locks(package: AnalysedPackage, locks: QueryLocks) -> Iterator[str]:
    """Yield the tables and rows that a query locks."""
    if locks.unobserved is not None:
        yield f"locks: not known: {locks.unobserved}"
    tables = package.locks.tables(locks) if package.locks else ()
    for is_sure, word in ((True, "locks"), (False, "some calls lock")):
        several = [f"{t.table} {t.mode.sql}" for t in tables if t.always is is_sure]
        if several:
            yield f"{word} {', '.join(several)}"
    if rows := row_locks(package, locks):
        yield f"rows, in order: {', '.join(_rows(*one) for one in rows)}"


def row_locks(package: AnalysedPackage, locks: QueryLocks) -> list[tuple[str, RowStep]]:
    """Return the rows that a query locks, in order, with the names of tables."""
    relations = package.analysis.catalog.relations
    return [(relations[one.table].qualified_name, one) for one in locks.rows]


def _rows(table: str, step: RowStep) -> str:
    mode = step.mode.sql if step.mode is not None else "as a whole"
    facts = ["several" if step.many else "one row"]
    if step.many and not step.order:
        facts.append("in no fixed order")
    if not step.waits:
        facts.append("without waiting")
    if step.via:
        facts.append(f"foreign key {step.via}")
    return f"{table} {mode} ({', '.join(facts)})"


def _tenancy(name: str, tenancy: Tenancy) -> Iterator[str]:
    """Yield how many queries run where, and what prevents distributing tables."""
    yield f"{name}: if tables are distributed by {tenancy.column}"
    for routing in Routing:
        several = [one for one in tenancy.verdicts if one.routing is routing]
        if several:
            yield f"  {len(several)} queries: {routing.value}"
    for one in tenancy.schema:
        yield f"  {one}"


def _tenant(verdict: TenantVerdict) -> str:
    facts: list[str] = [verdict.routing.value]
    if verdict.tenant:
        facts.insert(0, f"tenant {verdict.tenant}")
    if verdict.others:
        facts.append(f"also uses {', '.join(verdict.others)}")
    if verdict.triggers:
        facts.append(f"without what triggers do: {', '.join(verdict.triggers)}")
    if verdict.waiver:
        facts.append(f"across tenants: {verdict.waiver}")
    return "; ".join(facts)


def _query(
    query: TypedQuery, tenants: Mapping[tuple[str, str], TenantVerdict]
) -> Iterator[str]:
    yield f"{query.name} :{query.command}  {_effects(query)}"
    if verdict := tenants.get((query.query.source.path, query.name)):
        yield f"  {_tenant(verdict)}"
    for parameter in query.parameters:
        yield f"  ${parameter.number} {_parameter(parameter)}"
    for item in query.results:
        yield from (f"  {line}" for line in _item(item))


def _invalidations(package: Package) -> Iterator[str]:
    """Yield the writes that invalidate each cached read, and the reasons."""
    for read, found in groupby(package.invalidations, lambda one: one.read):
        yield f"{read.name} is invalidated by"
        for one in found:
            which = "all results" if one.is_precise is False else "results of the key"
            extent = "results" if one.is_precise is None else which
            yield f"  {one.write.name} ({extent}): {one.why}"


def _effects(query: TypedQuery) -> str:
    facts = [query.cardinality.value.replace("_", " ")]
    if query.read_only:
        facts.append("read-only")
    if query.reads:
        facts.append(f"reads {', '.join(query.reads)}")
    if query.writes:
        facts.append(f"writes {', '.join(query.writes)}")
    if query.unknown_reads:
        facts.append(f"may read more by {', '.join(query.unknown_reads)}")
    if query.unknown_writes:
        facts.append(f"may write more by {', '.join(query.unknown_writes)}")
    if query.locks_rows:
        facts.append("locks rows")
    if query.cache is not None:
        facts.append(f"cached for {query.cache.ttl_ms / 1000:g} s")
    return "; ".join(facts)


def _parameter(parameter: Parameter) -> str:
    text = f"{parameter.name}: {parameter.type.sql}"
    if parameter.nullable:
        text += " or null"
    return f"{text}, optional" if parameter.optional else text


def _item(item: ResultItem) -> Iterator[str]:
    match item:
        case Column():
            null = " or null" if item.nullable else ""
            why = f"  ({item.why[0]})" if item.why else ""
            yield f"→ {item.name}: {item.type.sql}{null}{why}"
        case Embed():
            null = " or null" if item.nullable else ""
            yield f"→ {item.name}: {item.relation.qualified_name}{null}"
            for column in item.columns:
                yield from (f"  {line}" for line in _item(column))
        case _:
            assert_never(item)
