"""Functions and triggers that are judged only by their source text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.facts import RelationUse
    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.live_schema.model import Catalog, Relation, Trigger
    from reposgen.live_schema.model.functions import FunctionSource

    Sources = Mapping[str, tuple[FunctionSource, ...]]

_WORD = re.compile(r"[^\W\d][\w$]*")


def functions_of(*analyses: Analysis) -> set[str]:
    """Return the names of the functions that queries and triggers on tables call."""
    found: set[str] = set()
    for one in analyses:
        functions = one.catalog.functions
        oids = {
            oid
            for queries in one.files.values()
            for query in queries
            for oid in query.uses.functions
        }
        oids |= {
            trigger.function
            for relation in one.catalog.relations.values()
            for trigger in relation.triggers
        }
        found |= {functions[oid].qualified_name for oid in oids if oid in functions}
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The functions and triggers of two schemas.

    Attributes:
        catalogs: of the schema that the code is generated for, and of the other one.
        sources: the functions of both, by qualified name.
    """

    catalogs: tuple[Catalog, Catalog]
    sources: tuple[Sources, Sources]

    def refusals(self, query: TypedQuery) -> Iterator[str]:
        """Yield what the server says against bodies of SQL functions of a query."""
        own, other = self.sources
        for name in self._called(query):
            refused = [one.refusal for one in other.get(name, ()) if one.refusal]
            if refused and not any(one.refusal for one in own.get(name, ())):
                yield f"function {name}: {refused[0]}"

    def fills(self, relation: Relation, column: str) -> bool:
        """Return True if a trigger of the other schema can fill in a column."""
        return any(
            trigger.before
            and trigger.row_level
            and "insert" in trigger.events
            and any(
                source.language not in ("sql", "plpgsql")
                or column in _WORD.findall(source.text)
                for source in self._sources_of(trigger, 1)
            )
            for trigger in relation.triggers
        )

    def notes(self, query: TypedQuery) -> Iterator[str]:
        """Yield the functions and triggers that changed in a way not examined."""
        own, other = self.sources
        for name in self._called(query):
            before = [one for one in own.get(name, ()) if one.language != "sql"]
            after = [one for one in other.get(name, ()) if one.language != "sql"]
            if not before or not after:
                continue
            if before != after:
                yield f"the body of function {name} differs, which is not examined"
                continue
            words = {word for one in after for word in _WORD.findall(one.text)}
            for lost in self._lost(words):
                yield f"function {name} mentions {lost}, which does not exist"
        theirs = {r.qualified_name: r for r in self.catalogs[1].relations.values()}
        for use in query.uses.relations:
            relation = self.catalogs[0].relations[use.relation]
            found = theirs.get(relation.qualified_name)
            if found is not None and relation.qualified_name in query.writes:
                yield from self._triggers(relation, found, _events(use))

    def _lost(self, words: set[str]) -> Iterator[str]:
        """Yield what words name in the schema of the code, and not in the other one."""
        own, other = self.catalogs
        theirs = {r.qualified_name: r for r in other.relations.values()}
        for relation in own.relations.values():
            if relation.name not in words:
                continue
            name = relation.qualified_name
            if name not in theirs:
                yield f"table {name}"
                continue
            known = {column.name for column in theirs[name].columns}
            for column in relation.columns:
                if column.name in words - known:
                    yield f"column {column.name} of {name}"
        names = {function.qualified_name for function in other.functions.values()}
        for function in own.functions.values():
            if function.name in words and function.qualified_name not in names:
                yield f"function {function.qualified_name}"

    def _triggers(
        self, own: Relation, other: Relation, events: set[str]
    ) -> Iterator[str]:
        known = {t.name: self._sources_of(t, 0) for t in own.triggers}
        for trigger in other.triggers:
            if events.isdisjoint(trigger.events):
                continue
            what = f"trigger {trigger.name} of {other.qualified_name}"
            if trigger.name not in known:
                yield f"{what} is not known to the code, and is not examined"
            elif known[trigger.name] != self._sources_of(trigger, 1):
                yield f"{what} does something else, which is not examined"

    def _called(self, query: TypedQuery) -> list[str]:
        functions = self.catalogs[0].functions
        names = (functions[oid].qualified_name for oid in query.uses.functions)
        return [*dict.fromkeys(names)]

    def _sources_of(self, trigger: Trigger, side: int) -> tuple[FunctionSource, ...]:
        function = self.catalogs[side].functions.get(trigger.function)
        if function is None:
            return ()
        return self.sources[side].get(function.qualified_name, ())


def _events(use: RelationUse) -> set[str]:
    """Return the events of a statement that writes to a table."""
    if use.inserted is None and not use.updated:
        return {"delete", "truncate"}
    return ({"insert"} if use.inserted is not None else set()) | (
        {"update"} if use.updated else set()
    )
