"""How the live schema differs from the one that a package was generated from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .contract import Finding, FindingKind, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .contract import Contract
    from .live_catalog import LiveSchema
    from .statement import Package, Validated

# What a method does with a relation: reads, inserts, updates; or with a function.
_INSERT: Final = "insert"
_UPDATE: Final = "update"
_CALL: Final = "call"
# A command, whose tables the server does not look for when it describes it.
_COMMAND: Final = "command"
# Nothing is known of what the statement uses.
UNKNOWN: Final = "unknown *"
# Facts that proofs rest on: of columns, of constraints, of unique indexes.
_NOT_NULL: Final = "not-null"
_FOREIGN_KEY: Final = "foreign-key"
_UNIQUE: Final = ("unique", "unique-index")
_CONFLICT: Final = ("conflict", "conflict-index")

_TABLES: Final = ("r", "p")


class Comparison:
    """A contract, and the live schema.

    Attributes:
        suspects: the methods that use what has changed: only the server can say which
            of them it refuses.
        changed_types: names of enum types, composite types and domains.
    """

    def __init__(self, contract: Contract, package: Package, live: LiveSchema) -> None:
        self._contract = contract
        self._package = package
        self._live = live
        changed = {name for name in live.relations if self._has_changed(name)}
        functions = {
            name
            for name, returns in contract.functions.items()
            if sorted(live.functions.get(name) or ()) != sorted(returns)
        }
        self.changed_types = {*self._changed_types()}
        self._uses: Mapping[str, Sequence[Use]] = {}
        unknown = {
            method for method, lines in contract.methods.items() if UNKNOWN in lines
        }
        if live.relations or functions or self.changed_types or unknown:
            self._uses = {
                method: [Use.read(line) for line in lines]
                for method, lines in contract.methods.items()
            }
        self.suspects = unknown | {
            method
            for method, uses in self._uses.items()
            if any(
                use.name in (functions if use.kind == _CALL else changed)
                or not self._holds(use)
                for use in uses
            )
        }

    def has_changed_type(self, statement: Validated[Any]) -> bool:
        """Whether a statement takes or returns values of a type that has changed."""
        names = map(_plain, (*statement.parameters, *statement.results))
        return not self.changed_types.isdisjoint(self._within(names))

    def _has_changed(self, name: str) -> bool:
        live = self._live.relations.get(name)
        if live is None:
            return True
        known = self._contract.relations[name]
        if any(live.columns.get(column) != fact for column, fact in known.items()):
            return True
        required = {c for c, fact in live.columns.items() if _is_required(fact)}
        if live.kind in _TABLES and required - known.keys():
            return True
        if live.row_security and name not in self._contract.row_security:
            return True
        known_constraints = self._contract.constraints.get(name, {})
        return bool(live.constraints.keys() - known_constraints.keys())

    def _changed_types(self) -> Iterator[str]:
        live, package = self._live, self._package
        for name, kind in package.enums.items():
            if sorted(live.labels.get(name, ())) != sorted(m.value for m in kind):
                yield name
        for name, composite in package.composites.items():
            fields = {one: str(type_) for one, type_ in composite.fields.items()}
            if live.fields.get(name) != fields:
                yield name
        for name, base in self._contract.domains.items():
            if live.domains.get(name) != base:
                yield name

    def _holds(self, use: Use) -> bool:
        """Whether there is still the index or constraint that a proof rests on."""
        live = self._live.relations.get(use.name)
        if live is None:
            return True  # The server says what is missing.
        match use.kind:
            case "unique" | "conflict":
                return use.parts in live.keys
            case "unique-index" | "conflict-index":
                known = self._contract.constraints.get(use.name, {})
                return all(
                    name in live.constraints
                    and live.constraints[name][0] == known.get(name)
                    for name in use.parts
                )
            case "foreign-key":
                return use.parts <= live.constraints.keys()
            case _:
                return True

    def differences(self, method: str) -> Iterator[str]:
        """Yield how what a method uses is other than the contract says."""
        uses = self._uses.get(method, [])
        relations = [use.name for use in uses if use.kind != _CALL]
        for name in dict.fromkeys(relations):
            yield from self._relation_differences(name)
        types = {
            _plain(_type_in(fact))
            for name in relations
            for fact in self._contract.relations.get(name, {}).values()
        }
        for name in sorted(self.changed_types & self._within(types)):
            yield f"type {name} has changed"
        for name in [use.name for use in uses if use.kind == _CALL]:
            found = sorted(self._live.functions.get(name) or ())
            known = sorted(self._contract.functions.get(name, ()))
            if not found:
                yield f"function {name} does not exist"
            elif found != known:
                old, new = " or ".join(known), " or ".join(found)
                yield f"function {name} returned {old}, returns {new}"

    def _relation_differences(self, name: str) -> Iterator[str]:
        if name not in self._live.relations:
            return
        live, known = self._live.relations[name], self._contract.relations[name]
        if live is None:
            yield f"{name} does not exist"
            return
        for column, fact in known.items():
            found = live.columns.get(column)
            if found is None:
                yield f"column {column} of {name} does not exist"
            elif found != fact:
                old, new = _type_in(fact), _type_in(found)
                was, now = (old, new) if old != new else (fact, found)
                yield f"column {column} of {name} was {was}, is {now}"
        for column, fact in live.columns.items():
            if column not in known and _is_required(fact):
                yield f"column {column} of {name} is new and must have a value"

    def findings(self, method: str, statement: Validated[Any]) -> Iterator[Finding]:
        """Yield what a method does not expect, though the server accepts it."""
        uses = self._uses.get(method, [])
        broken = [
            *(one for use in uses for one in self._breaking(use)),
            *self._not_copied(statement, uses),
            *self._not_locked(statement, uses),
        ]
        found = [Finding(method, FindingKind.BREAKS, message) for message in broken]
        yield from found
        if found:
            return
        for message in self._labels(statement):
            yield Finding(method, FindingKind.TYPES, message)
        for use in uses:
            for kind, message in self._loosened(use):
                yield Finding(method, kind, message)
        for message in dict.fromkeys(self._made_up(statement)):
            yield Finding(method, FindingKind.NULLABILITY, message)
        for message in dict.fromkeys(self._refusing(uses)):
            yield Finding(method, FindingKind.ERRORS, message)

    def _breaking(self, use: Use) -> Iterator[str]:
        live = self._live.relations.get(use.name)
        if live is None:
            if use.kind == _COMMAND and use.name in self._live.relations:
                yield f"table {use.name} does not exist"
            return
        if use.kind in _CONFLICT and live.kind in _TABLES and not self._holds(use):
            yield f"{use.name} has no {_key(use)}, which ON CONFLICT needs"
        if use.kind == _INSERT and live.kind in _TABLES:
            known = self._contract.relations[use.name]
            for column, fact in sorted(live.columns.items()):
                was_required = _is_required(known.get(column, ""))
                if (
                    _is_required(fact)
                    and not was_required
                    and column not in use.parts
                    and not live.may_fill(column)
                ):
                    yield (
                        f"it writes no value to column {column} of {use.name}, which"
                        " must not be NULL"
                    )

    def _not_copied(
        self, statement: Validated[Any], uses: Iterable[Use]
    ) -> Iterator[str]:
        """Yield what an INSERT accepts, or the code reads, and COPY does not."""
        if statement.copy is None or statement.copy.staged:
            return
        for use in uses:
            live = self._live.relations.get(use.name)
            if use.kind != _INSERT or live is None:
                continue
            if live.kind == "v":
                yield f"{use.name} is a view, which COPY cannot write to"
            for column in sorted(use.parts):
                if live.columns.get(column, "").endswith(" generated"):
                    yield f"column {column} of {use.name} is a generated column"

    def _not_locked(
        self, statement: Validated[Any], uses: Iterable[Use]
    ) -> Iterator[str]:
        """Yield the views in the place of tables whose rows cannot be locked.

        The server refuses them when it plans the statement, not when it describes it.
        """
        if not statement.locks_rows:
            return
        for use in uses:
            live = self._live.relations.get(use.name)
            if live is None or live.kind != "v" or live.is_updatable:
                continue
            if use.name not in self._contract.views:
                yield f"{use.name} is a view whose rows cannot be locked"

    def _labels(self, statement: Validated[Any]) -> Iterator[str]:
        results, parameters = (
            self._within(map(_plain, names))
            for names in (statement.results, statement.parameters)
        )
        for name, kind in self._package.enums.items():
            known, found = {m.value for m in kind}, {*self._live.labels.get(name, ())}
            if name in results:
                for label in sorted(found - known):
                    yield f"{name} has a label that the code does not know: {label}"
            if found and name in parameters:
                for label in sorted(known - found):
                    yield f"{name} has no label {label}"

    def _within(self, names: Iterable[str]) -> set[str]:
        """Return types, and those that their values consist of."""
        found: set[str] = set()
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            composite = self._package.composites.get(name)
            if composite is not None:
                waiting += map(_plain, composite.fields.values())
            if (base := self._contract.domains.get(name)) is not None:
                waiting.append(_plain(base))
        return found

    def _loosened(self, use: Use) -> Iterator[tuple[FindingKind, str]]:
        """Yield the facts that proofs rest on and that are not so any more."""
        live = self._live.relations.get(use.name)
        if live is None:
            return
        if use.kind == _NOT_NULL and live.kind in _TABLES:
            known = self._contract.relations[use.name]
            for column in sorted(use.parts):
                fact = live.columns.get(column, "")
                # Of a generated column it is proved from its expression.
                if not _is_not_null(fact) and fact != known.get(column):
                    message = f"column {column} of {use.name} can be NULL"
                    message += ", the code says it is not"
                    yield FindingKind.NULLABILITY, message
        if use.kind == _FOREIGN_KEY and not self._holds(use):
            names = ", ".join(sorted(use.parts))
            message = f"{use.name} has no foreign key {names}: rows that it joins can"
            yield FindingKind.NULLABILITY, f"{message} be missing"
        if use.kind in _UNIQUE and not self._holds(use):
            message = f"{use.name} has no {_key(use)}: there can be several rows"
            yield FindingKind.ROWS, message
        was_secured = use.name in self._contract.row_security
        hides = live.row_security and not was_secured
        if hides and use.kind not in (_CALL, _COMMAND):
            message = f"row-level security can hide rows of {use.name}"
            yield FindingKind.ROWS, message

    def _made_up(self, statement: Validated[Any]) -> Iterator[str]:
        """Yield the fields of whole rows that can be NULL, and were not."""
        for name in sorted(self._within(map(_plain, statement.results))):
            live = self._live.relations.get(name)
            known = self._contract.relations.get(name, {})
            for column in self._package.required.get(name, ()):
                if live is None or not _is_not_null(known.get(column, "")):
                    continue
                if not _is_not_null(live.columns.get(column, "")):
                    yield (
                        f"column {column} of {name} can be NULL, the code says it is"
                        " not"
                    )

    def _refusing(self, uses: Iterable[Use]) -> Iterator[str]:
        """Yield the constraints that the package has no exception for."""
        for use in uses:
            live = self._live.relations.get(use.name)
            if live is None or use.kind not in (_INSERT, _UPDATE):
                continue
            known = self._contract.constraints.get(use.name, {})
            for constraint, (_, columns) in sorted(live.constraints.items()):
                meets = use.kind == _INSERT or not columns.isdisjoint(use.parts)
                if constraint not in known and meets:
                    yield f"constraint {constraint} of {use.name} can refuse it"


def _key(use: Use) -> str:
    names = ", ".join(sorted(use.parts))
    if use.kind.endswith("-index"):
        return f"unique index {names}"
    return f"unique index on ({names})"


def _plain(name: str) -> str:
    """Return the name of a type without the brackets of arrays."""
    while name.endswith("[]"):
        name = name.removesuffix("[]")
    return str(name)


def _type_in(fact: str) -> str:
    """Return the type in what is known of a column: `int4 not null default`."""
    for word in (" generated", " identity", " default", " not null"):
        fact = fact.removesuffix(word)
    return fact


def _is_not_null(fact: str) -> bool:
    return " not null" in fact


def _is_required(fact: str) -> bool:
    return fact.endswith(" not null")
