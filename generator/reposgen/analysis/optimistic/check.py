"""Reader of `@optimistic version`: a write of a row whose version the caller has seen.

The statement is checked in its tree. A second statement, the probe, is cut from its
text: it runs after a write that changed no row, and finds the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.columns import without_casts
from reposgen.analysis.model import Optimistic
from reposgen.analysis.optimistic.probes import (
    Probe,
    probe_of_insert,
    probe_of_write,
)
from reposgen.analysis.optimistic.write import (
    Equality,
    Write,
    arbiter_parameters,
    identifying,
    parameter,
    read_equalities,
)
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import CommandType
from reposgen.live_schema.tree.walk import constant_integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.directive_specs import Subject
    from reposgen.sql_source.model import Directive

_ADDITIONS = frozenset(
    {
        *("int2pl", "int4pl", "int8pl", "int24pl", "int42pl", "int28pl", "int82pl"),
        *("int48pl", "int84pl", "numeric_add"),
    }
)
# Functions that return a different value at each call.
_FRESH = frozenset({"gen_random_uuid", "uuidv4", "uuidv7"})
_SIDES = 2


def read_optimistic(line: Directive, subject: Subject) -> Optimistic | Diagnostic:
    """Return the version check, or an error in the line or statement."""
    found = _read_write(line, subject.described)
    return _checked(found) if isinstance(found, Write) else found


def _read_write(directive: Directive, described: DescribedQuery) -> Write | Diagnostic:
    tree = described.tree
    if len(directive.argument.split()) != 1:
        return error(
            "optimistic-argument",
            "@optimistic needs the name of one column",
            span=directive.span,
            hint="write -- @optimistic version",
        )
    if tree is None:
        return error(
            "optimistic-without-tree",
            "@optimistic needs the query tree, which this server does not send",
            span=directive.span,
            hint="connect without a proxy that drops notices",
        )
    upserts = tree.on_conflict is not None and tree.on_conflict.update
    writes = tree.command in {CommandType.UPDATE, CommandType.DELETE} or upserts
    entry = tree.entry(tree.result_relation) if tree.result_relation else None
    relation = described.catalog.relations.get(entry.relation) if entry else None
    if not writes or relation is None:
        return error(
            "optimistic-statement",
            "@optimistic is for UPDATE, DELETE and INSERT … ON CONFLICT DO UPDATE",
            span=directive.span,
            hint="remove the line",
        )
    name = directive.argument
    version = next((c for c in relation.columns if c.name == name), None)
    if version is None:
        meant = did_you_mean(name, (c.name for c in relation.columns))
        return error(
            "optimistic-column",
            f'{relation.qualified_name} has no column "{name}"',
            span=directive.argument_span,
            hint=f"did you mean {meant}?" if meant else "name its version column",
        )
    return Write(
        described=described,
        tree=tree,
        directive=directive,
        relation=relation,
        version=version,
    )


def _checked(write: Write) -> Optimistic | Diagnostic:
    name = write.version.name
    found = tuple(read_equalities(write))
    compared = next((one for one in found if _is_seen_version(one, write)), None)
    if compared is None:
        return error(
            "optimistic-without-comparison",
            f"@optimistic {name}: WHERE does not compare {name} with a parameter",
            span=write.directive.argument_span,
            hint=f"add AND {_qualified(write)} = @{name}",
        )
    seen = parameter(compared.value)
    if write.tree.command is not CommandType.DELETE:
        assigned = write.assigned(write.version.number)
        if assigned is None or not _always_changes(assigned, seen, write):
            return _without_increment(write, assigned)
    rest = [one for one in found if one.column != write.version.number]
    identity = [] if write.conflict else identifying(write, rest)
    probe = _probe(write, identity, compared)
    if isinstance(probe, Diagnostic):
        return probe
    joined = write.tree.join_tree is not None and len(write.tree.join_tree.items) > 1
    return Optimistic(
        column=name,
        version=seen,
        probe=probe.sql,
        numbers=probe.numbers,
        type=write.version.type,
        conditions=joined or len(write.conditions) > len(identity) + 1,
        inserts=write.conflict is not None,
    )


def _probe(
    write: Write, identity: Sequence[Equality], compared: Equality
) -> Probe | Diagnostic:
    """Return the statement that reads the row's version, or why there is none."""
    if write.conflict:
        values = arbiter_parameters(write)
        if values:
            return probe_of_insert(write.described, write.version, values)
        return error(
            "optimistic-without-key",
            "@optimistic cannot identify the row: ON CONFLICT names no unique key"
            " whose values are inserted as parameters",
            span=write.directive.span,
            hint="name the key's columns and insert one row with parameters as the key",
        )
    places = [one.location for one in identity]
    probe = probe_of_write(write.described, write.version, places, compared.location)
    return probe or error(
        "optimistic-without-key",
        "@optimistic cannot identify the row: WHERE does not compare a whole"
        f" unique key of {write.relation.qualified_name}",
        span=write.directive.span,
        hint="compare the primary key with a parameter, each column on its own",
    )


def _qualified(write: Write) -> str:
    entry = write.tree.entry(write.tree.result_relation)
    prefix = f"{entry.name}." if write.conflict else ""
    return f"{prefix}{write.version.name}"


def _is_seen_version(one: Equality, write: Write) -> bool:
    return one.column == write.version.number and parameter(one.value) > 0


def _always_changes(assigned: e.Expression, seen: int, write: Write) -> bool:
    """Return True if the new version differs from the old one for all arguments."""
    functions = builtin_functions(write.described.catalog.major)
    match without_casts(assigned):
        case e.OpExpr(function=oid, args=(left, right)):
            known = functions.get(oid)
            if known is None or known.name not in _ADDITIONS:
                return False
            return any(
                constant_integer(without_casts(step)) not in {None, 0}
                and (
                    write.is_column(old, write.version.number) or parameter(old) == seen
                )
                for old, step in ((left, right), (right, left))
            )
        case e.FuncExpr(function=oid):
            known = functions.get(oid)
            return known is not None and known.name in _FRESH
        case _:
            return False


def _without_increment(write: Write, assigned: e.Expression | None) -> Diagnostic:
    name = write.version.name
    place = getattr(assigned, "location", -1)
    if assigned is None:
        message = f"@optimistic {name}: SET does not change {name}"
    else:
        message = f"@optimistic {name}: the assignment can leave {name} unchanged"
    return error(
        "optimistic-without-increment",
        message,
        span=(
            write.described.text.source_span(place)
            if place >= 0
            else write.directive.argument_span
        ),
        hint=f"write {name} = {_qualified(write)} + 1"
        " (gen_random_uuid() for a uuid): each write must change the version",
    )
