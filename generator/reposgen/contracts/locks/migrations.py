"""The locks of a migration, and the methods that wait for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.config.model import LockRule, RuleSeverity
from reposgen.contracts.locks.model import (
    JudgedMigration,
    LockFinding,
    Wait,
    strongest,
)
from reposgen.diagnostics import Diagnostic, Severity, did_you_mean, error, warning
from reposgen.live_schema.model.locks import LockMode
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.config.model import RuleConfig, VetRule
    from reposgen.contracts.locks.model import Modes, PackageLocks, QueryLocks
    from reposgen.database.model import MigrationFile, Step
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model.locks import LockedRelation, Locks
    from reposgen.sql_source.statements import Statement

# What the names of squawk's rules begin with.
SQUAWK: Final = "squawk-"
ROWS: Final = 100_000
_SHOWN = 3
_LENGTH = 48
_PASSWORD: Final = re.compile(r"password", re.IGNORECASE)
_IGNORE: Final = re.compile(
    r"--\s*@vet-ignore[ \t]+(?P<rule>\S+)(?:[ \t]+(?P<why>\S.*))?"
)
_TRUNCATE: Final = "TRUNCATE TABLE"
_PUBLIC: Final = "public"
_SEVERITIES: Final = {
    RuleSeverity.ERROR: Severity.ERROR,
    RuleSeverity.WARNING: Severity.WARNING,
    RuleSeverity.NOTE: Severity.NOTE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a migration is judged by.

    Attributes:
        packages: the locks of the packages that have the schema.
        rows: the rows of tables in production, by schema and name, as far as known.
        options: how rules are applied.
    """

    packages: Sequence[PackageLocks]
    rows: Mapping[tuple[str, str], float]
    options: Mapping[VetRule, RuleConfig]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A statement that reads or writes all of a table, which takes time.

    Attributes:
        what: `scans public.tasks`, `rewrites public.tasks`.
        rows: that the table has in production; None if that is not known.
    """

    step: Step[Locks]
    what: str
    rows: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """The locks that one statement takes on a table and its indexes."""

    step: Step[Locks]
    table: LockedRelation
    modes: Modes

    @property
    def mode(self) -> LockMode:
        """The strongest of them."""
        return _mode(self.modes)


def judge_migration(
    file: MigrationFile, steps: Sequence[Step[Locks]], context: Context
) -> JudgedMigration:
    """Return what is reported of a migration.

    Args:
        file: the migration.
        steps: its statements, each with what it locked.
        context: what it is judged by.
    """
    findings: list[LockFinding] = []
    for place, step in enumerate(steps):
        if step.after is None:
            findings.append(_unobserved(step))
            continue
        later = [
            one
            for one in steps[place:]
            if one is step or one.transaction == step.transaction is not None
        ]
        work = [found for one in later for found in _work(one, context)]
        for taken in _taken(step):
            found = _finding(taken, work, context)
            if found is not None:
                findings.append(found)
    return JudgedMigration(file=file, findings=tuple(findings))


def apply_waivers(
    statements: Iterable[Statement],
    found: Sequence[LockFinding],
    rules: Iterable[str],
    *,
    with_squawk: bool,
) -> tuple[LockFinding, ...]:
    """Return the findings that no comment waives, and what is wrong with comments.

    Args:
        statements: of the migration, with their comments.
        found: its findings.
        rules: names of the rules that were applied.
        with_squawk: True if squawk's rules were applied as well.
    """
    known = frozenset(rules)
    kept = dict.fromkeys(found)
    for statement in statements:
        own = [one for one in found if _is_in(one.diagnostic.span, statement)]
        for comment in statement.comments:
            match = _IGNORE.match(comment.text)
            if match is None:
                continue
            start = comment.start
            span = statement.source.span(
                start + match.start("rule"), start + match.end()
            )
            waived = [one for one in own if one.diagnostic.code == match["rule"]]
            problem = _problem(match, span, known)
            is_applied = with_squawk or match["rule"] in known
            if problem is None and not waived and is_applied:
                problem = _needless(match["rule"], span)
            if problem is None:
                kept = {one: None for one in kept if one not in waived}
            else:
                kept[LockFinding(diagnostic=problem)] = None
    return tuple(kept)


def _is_in(span: Span | None, statement: Statement) -> bool:
    return (
        span is not None
        and span.source.path == statement.source.path
        and statement.start <= span.start <= statement.end
    )


def _problem(
    match: re.Match[str], span: Span, known: frozenset[str]
) -> Diagnostic | None:
    rule = match["rule"]
    if rule not in known and not rule.startswith(SQUAWK):
        close = did_you_mean(rule, known)
        return error(
            "invalid-vet-ignore",
            f'there is no rule "{rule}"',
            span=span,
            hint=f"did you mean {close}?"
            if close
            else f"rules: {', '.join(sorted(known))}",
        )
    if not match["why"]:
        return error(
            "invalid-vet-ignore",
            "@vet-ignore needs a reason",
            span=span,
            hint=f"say why: -- @vet-ignore {rule} the table is small",
        )
    return None


def _needless(rule: str, span: Span) -> Diagnostic:
    return warning(
        "needless-vet-ignore",
        f"the statement gives {rule} no reason to report anything",
        span=span,
        hint="remove the line",
    )


def _finding(
    taken: _Taken, work: Sequence[_Work], context: Context
) -> LockFinding | None:
    """Return what is reported of one lock; None if no method waits for it."""
    waiting: list[str] = []
    perhaps: list[str] = []
    for query in _queries(context):
        wait = query.waits_for(taken.modes)
        if wait is Wait.EVERY:
            waiting.append(query.method)
        elif wait is Wait.SOME:
            perhaps.append(query.method)
    if not waiting and not perhaps:
        return None
    long = [one for one in work if _takes_time(one, context)]
    rule = LockRule.LOCK_HELD if long else LockRule.LOCK_WAITS
    severity = _severity(rule, context)
    if severity is None:
        return None
    is_alone = taken.step.transaction is None
    until = "until it ends" if is_alone else "until the end of its transaction"
    message = (
        f"{shown(taken.step.statement)} takes {taken.mode.sql} on"
        f" {_name(taken.table)} {until}: {_counted(waiting, perhaps)}"
    )
    if long:
        message += f"; meanwhile {_and(_described(one, taken) for one in long)}"
    return LockFinding(
        diagnostic=placed(
            rule.value, message, taken.step.statement, severity, _hint(long, taken)
        ),
        table=taken.table.qualified_name,
        mode=taken.mode.sql,
        until=until,
        waiting=tuple(waiting),
        perhaps=tuple(perhaps),
    )


def _queries(context: Context) -> Iterator[QueryLocks]:
    for package in context.packages:
        for several in package.queries.values():
            yield from several


def _taken(step: Step[Locks]) -> Iterator[_Taken]:
    """Yield the locks that a statement takes in addition, by table.

    A partition that is locked like the table above it is left out.
    """
    if step.after is None:
        return
    modes: dict[int, dict[int, frozenset[LockMode]]] = {}
    for oid, held in step.after.modes.items():
        relation = step.before.relations.get(oid)
        gained = held - step.before.modes.get(oid, frozenset())
        # What it made itself, nobody else waits for.
        if relation is not None and gained:
            modes.setdefault(relation.table, {})[oid] = gained
    for table in [*modes]:
        above = step.before.relations[table].partition_of
        if above in modes and _same(modes[table], modes[above]):
            modes[above].update(modes.pop(table))
    for table, several in modes.items():
        # Whoever waits for an index waits for its table.
        if LockMode.ACCESS_EXCLUSIVE not in step.before.modes.get(table, ()):
            relation = step.before.relations[table]
            yield _Taken(step=step, table=relation, modes=several)


def _same(one: Modes, other: Modes) -> bool:
    return _mode(one) == _mode(other)


def _mode(modes: Modes) -> LockMode:
    return strongest(mode for several in modes.values() for mode in several)


def _work(step: Step[Locks], context: Context) -> Iterator[_Work]:
    """Yield what a statement does to whole tables that were there before."""
    if step.after is None:
        return
    for oid, before in step.before.relations.items():
        after = step.after.relations.get(oid)
        if after is None or before.kind not in {"r", "m", "i"}:
            continue
        table = step.before.relations.get(before.table, before)
        rows = context.rows.get((table.schema, table.name))
        is_new = after.file != before.file and step.tag != _TRUNCATE
        if before.kind == "i":
            # With its table, an index is rewritten as well.
            if is_new and table.file == step.after.relations[table.oid].file:
                yield _Work(step=step, what=f"rebuilds {_name(before)}", rows=rows)
        elif is_new:
            yield _Work(step=step, what=f"rewrites {_name(before)}", rows=rows)
        elif after.scans > before.scans:
            yield _Work(step=step, what=f"scans {_name(before)}", rows=rows)


def _name(relation: LockedRelation) -> str:
    """Return the name of a table for messages; one in public has no schema."""
    if relation.schema == _PUBLIC:
        return relation.name
    return relation.qualified_name


def _takes_time(work: _Work, context: Context) -> bool:
    option = context.options.get(LockRule.LOCK_HELD)
    limit = option.rows if option and option.rows is not None else ROWS
    return work.rows is None or work.rows >= limit


def _described(work: _Work, taken: _Taken) -> str:
    line = work.step.statement.span.line
    who = "it" if work.step is taken.step else f"line {line}"
    rows = f" ({work.rows:,.0f} rows)" if work.rows is not None else ""
    return f"{who} {work.what}{rows}"


def _hint(long: Sequence[_Work], taken: _Taken) -> str | None:
    if not long:
        return None
    if any(one.step is not taken.step for one in long):
        return (
            "move what takes long to a migration of its own, before or after this one"
        )
    return (
        "split it into steps that do not read the whole table under the lock: NOT VALID"
        " and VALIDATE CONSTRAINT, CREATE INDEX CONCURRENTLY, or a new column"
    )


def _severity(rule: LockRule, context: Context) -> Severity | None:
    option = context.options.get(rule)
    if option is not None and option.severity is not None:
        return _SEVERITIES.get(option.severity)
    return Severity.WARNING if rule is LockRule.LOCK_HELD else Severity.NOTE


def _counted(waiting: Sequence[str], perhaps: Sequence[str]) -> str:
    parts = []
    if waiting:
        word = "method waits" if len(waiting) == 1 else "methods wait"
        parts.append(f"{len(waiting)} {word} ({_some(waiting)})")
    if perhaps:
        more = f"{len(perhaps)} more" if waiting else f"{len(perhaps)}"
        noun = "" if waiting else " method" if len(perhaps) == 1 else " methods"
        parts.append(f"{more}{noun} can wait, depending on rows ({_some(perhaps)})")
    return ", ".join(parts)


def _some(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"


def _and(parts: Iterable[str]) -> str:
    several = [*dict.fromkeys(parts)]
    if len(several) == 1:
        return several[0]
    return f"{', '.join(several[:-1])} and {several[-1]}"


def _unobserved(step: Step[Locks]) -> LockFinding:
    return LockFinding(
        diagnostic=placed(
            "lock-unknown",
            f"{shown(step.statement)} cannot run in a transaction, so its locks were"
            " not observed",
            step.statement,
            Severity.NOTE,
            None,
        )
    )


def shown(statement: Statement) -> str:
    """Return the beginning of a statement on one line."""
    text = " ".join(token.text for token in statement.tokens[:2])
    if not _PASSWORD.search(statement.text):
        text = " ".join(statement.text.split())
    if len(text) <= _LENGTH:
        return text
    return f"{text[:_LENGTH].rsplit(' ', 1)[0]} …"


def placed(
    code: str,
    message: str,
    statement: Statement,
    severity: Severity,
    hint: str | None,
) -> Diagnostic:
    """Return a diagnostic at a statement, without its line if that has a password."""
    first = statement.tokens[0]
    span = statement.source.span(first.start, first.end)
    if _PASSWORD.search(span.source.line_text(span.line)):
        path = f"{span.source.path}:{span.line}:{span.column}"
        return Diagnostic(
            code=code, message=message, severity=severity, path=path, hint=hint
        )
    return Diagnostic(
        code=code, message=message, severity=severity, span=span, hint=hint
    )
