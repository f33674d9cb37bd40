"""The types of one database: names to oids, and adapters for those that are its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psycopg.adapt import AdaptersMap
from psycopg.errors import ProgrammingError
from psycopg.pq import Format

from .builtin_types import LIST_VALUED, builtin_adapters, register_array
from .catalog import CatalogType, TypeName, builtin_oid, parse_name
from .conversions import LAST_OID, Converted, register_conversion
from .errors import SchemaChanged
from .infinity import with_infinities
from .statement import Composite
from .user_types import register_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .statement import Package, Statement


class DatabaseTypes:
    """What a package's statements need to know of a database's types.

    The oids of types that are not built in differ between databases: one of these
    serves all connections to one database, for one package.
    """

    def __init__(self, package: Package) -> None:
        self.adapters = AdaptersMap(builtin_adapters())
        self._package = package
        self._enums = {parse_name(n): c for n, c in package.enums.items()}
        self._composites = {parse_name(n): c for n, c in package.composites.items()}
        self._oids: dict[TypeName, int] = {}
        self._found: dict[int, CatalogType] = {}
        # Converted types by the oids that stand for them, and those oids by name: two
        # that are converted in different ways can be equal as names.
        self._converted: dict[int, tuple[Converted, int, int]] = {}
        self._converted_oids: dict[int, int] = {}
        # What the fields of composite types are, if not what the server says.
        self._fields: dict[int, Sequence[int]] = {}
        self._tolerant: AdaptersMap | None = None

    def unknown(self, statement: Statement[Any]) -> Sequence[TypeName]:
        """What to ask the server for before the statement can run."""
        mentioned = {*map(parse_name, statement.parameters + statement.results)}
        unknown = {name for name in mentioned if self._find(name) is None}
        if not unknown:
            return ()
        types = map(parse_name, self._package.types)
        return list({*unknown, *types, *self._enums, *self._composites})

    def learn(self, types: Iterable[CatalogType]) -> None:
        """Take in the answer to `TYPES_QUERY`."""
        learnt = [found for found in types if found.oid not in self._found]
        self._found |= {found.oid: found for found in learnt}
        for found in learnt:
            name = TypeName(found.schema, found.name, is_array=False)
            self._oids[name] = found.oid
            self._oids[replace(name, is_array=True)] = found.array
        for found in learnt:
            if found.element:
                continue
            name = TypeName(found.schema, found.name, is_array=False)
            composite = self._composites.get(name)
            if isinstance(composite, Composite):
                self._register_fields(found, composite)
            register_type(
                self.adapters,
                found,
                self._enums.get(name),
                composite.python if isinstance(composite, Composite) else composite,
                self._fields.get(found.oid),
            )
            if found.array:
                register_array(
                    self.adapters,
                    found.array,
                    found.oid,
                    found.delimiter,
                    whole=self._is_list(found.oid),
                )
        self._tolerant = None

    def forget(self) -> None:
        """Look everything up again: types may have been made anew."""
        self.adapters = AdaptersMap(builtin_adapters())
        self._oids.clear()
        self._found.clear()
        self._converted.clear()
        self._converted_oids.clear()
        self._fields.clear()
        self._tolerant = None

    def oid(self, name: str) -> int:
        """The oid of a type.

        Raises:
            SchemaChanged: the database has no such type.
        """
        oid = self._find(parse_name(name))
        if not oid:
            raise SchemaChanged(f"the database has no type {name}")
        return oid

    def result_oid(self, name: str) -> int:
        """The oid that a column of the type has in a result: a domain's base."""
        oid = self.oid(name)
        while (found := self._found.get(oid)) is not None and found.base:
            oid = found.base
        return oid

    def adapter_oid(self, name: str, *, result: bool) -> int:
        """What the adapters of a type are found by.

        Raises:
            SchemaChanged: the database has no such type.
        """
        if isinstance(name, Converted):
            known = self._converted_oids.get(id(name))
            return self._convert(name) if known is None else known
        return self.result_oid(name) if result else self.oid(name)

    def _convert(self, name: Converted) -> int:
        sent = self.adapter_oid(name.inner, result=False)
        read = self.adapter_oid(name.inner, result=True)
        oid = LAST_OID - len(self._converted)
        inside = () if name.whole else self._domains(self.oid(name.of))
        register_conversion(
            self.adapters, name, oid, sent=sent, read=read, inside=inside
        )
        self._converted[oid] = (name, sent, read)
        self._converted_oids[id(name)] = oid
        self._tolerant = None
        return oid

    def _domains(self, oid: int) -> tuple[int, ...]:
        """The type, and what it is a domain over."""
        found = self._found.get(oid)
        if found is None or not found.base:
            return (oid,)
        return (oid, *self._domains(found.base))

    def _register_fields(self, found: CatalogType, composite: Composite) -> None:
        self._fields[found.oid] = tuple(
            self.adapter_oid(composite.fields[name], result=False)
            if name in composite.fields
            else oid
            for name, oid in zip(found.field_names, found.field_types, strict=True)
        )

    def sends_binary(self, oid: int) -> bool:
        """Whether values of the type can go out in binary."""
        if (converted := self._converted.get(oid)) is not None:
            name, sent, _ = converted
            return name.binary and self.sends_binary(sent)
        if oid in self._fields:
            # psycopg's binary form of a row tells the fields' types by their adapters.
            return False
        try:
            self.adapters.get_dumper_by_oid(oid, Format.BINARY)
        except ProgrammingError:
            return False
        return all(map(self.sends_binary, self._parts(oid)))

    def loads_binary(self, oid: int) -> bool:
        """Whether values of the type can be read in binary."""
        if (converted := self._converted.get(oid)) is not None:
            name, _, read = converted
            return name.binary and self.loads_binary(read)
        if self.adapters.get_loader(oid, Format.BINARY) is None:
            return False
        return all(map(self.loads_binary, self._parts(oid)))

    @property
    def tolerant_adapters(self) -> AdaptersMap:
        """The adapters, with loaders that know infinite dates."""
        if self._tolerant is None:
            self._tolerant = with_infinities(self.adapters)
        return self._tolerant

    def _find(self, name: TypeName) -> int | None:
        oid = builtin_oid(name)
        return self._oids.get(name) if oid is None else oid

    def _parts(self, oid: int) -> Sequence[int]:
        if (fields := self._fields.get(oid)) is not None:
            return fields
        if (found := self._found.get(oid)) is not None:
            return found.parts
        info = self.adapters.types.get(oid)
        return () if info is None or info.oid == oid else (info.oid,)

    def _is_list(self, oid: int) -> bool:
        """Whether a single value of the type may be a list in Python."""
        found = self._found.get(oid)
        if found is not None:
            return found.name == "vector" or bool(
                found.element or (found.base and self._is_list(found.base))
            )
        info = self.adapters.types.get(oid)
        return info is not None and (info.oid != oid or info.name in LIST_VALUED)
