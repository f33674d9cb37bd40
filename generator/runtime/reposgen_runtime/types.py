"""Types of one database: their oids by name, and adapters for non-built-in types."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psycopg import postgres
from psycopg.adapt import AdaptersMap
from psycopg.errors import ProgrammingError
from psycopg.pq import Format

from .builtin_types import LIST_VALUED, builtin_adapters, register_array
from .catalog import CatalogType, TypeName, builtin_oid, parse_name
from .conversions import LAST_OID, Converted, register_conversion
from .errors import SchemaChanged
from .infinity import with_infinities
from .layouts import layout
from .user_types import Attributes, register_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .contract_comparison import Comparison
    from .roots import Key
    from .statement import Composite, Package, Statement


class DatabaseTypes:
    """The types of one database that a package's statements use.

    Oids of types that are not built in differ between databases. One object serves all
    connections to one database, for one package.

    Attributes:
        roots: for each constraint of a partition that an error has named, the
            partitioned table's constraint; None if the package has no such constraint.
        compared_schema: when the schema was last compared with the package's contract,
            and the outcome; None if it was not.
    """

    def __init__(self, package: Package) -> None:
        self.adapters = AdaptersMap(builtin_adapters())
        self._package = package
        self._enums = {parse_name(n): c for n, c in package.enums.items()}
        self._composites = {parse_name(n): c for n, c in package.composites.items()}
        self._required = {parse_name(n): f for n, f in package.required.items()}
        self._oids: dict[TypeName, int] = {}
        self._elements: dict[int, int] = {}
        self._found: dict[int, CatalogType] = {}
        # Converted types by the oids that stand for them, and those oids by name: two
        # that are converted in different ways can be equal as names.
        self._converted: dict[int, tuple[Converted, int, int]] = {}
        self._converted_oids: dict[int, int] = {}
        # Adapter oids of composite types' fields, if they differ from the server's.
        self._fields: dict[int, Sequence[int]] = {}
        # Composite types that the package knows, and the errors of those that differ.
        self._attributes: dict[int, Attributes] = {}
        self._misfits: dict[int, SchemaChanged] = {}
        self._tolerant: AdaptersMap | None = None
        self.roots: dict[Key, Key | None] = {}
        self.compared_schema: tuple[float, Comparison] | None = None

    def suffix(self, statement: Statement[Any]) -> bytes:
        """Return the comment that ends a statement if the package names statements.

        Internal statements of the run time get no comment.
        """
        package, name = self._package, statement.name
        if not package.names_statements or "." not in name:
            return b""
        return f"\n/* {package.name}.{name} */".encode()

    def unknown(self, statement: Statement[Any]) -> Sequence[TypeName]:
        """Return the types to look up before the statement can run."""
        names = statement.parameters + statement.results
        inside = (
            part for name in names if isinstance(name, Converted) for part in name.parts
        )
        mentioned = {*map(parse_name, (*names, *inside))}
        unknown = {name for name in mentioned if self._find(name) is None}
        if not unknown:
            return ()
        types = map(parse_name, self._package.types)
        return list({*unknown, *types, *self._enums, *self._composites})

    def learn(self, types: Iterable[CatalogType]) -> None:
        """Register types returned by `TYPES_QUERY`."""
        learnt = [found for found in types if found.oid not in self._found]
        self._found |= {found.oid: found for found in learnt}
        for found in learnt:
            name = TypeName(found.schema, found.name, is_array=False)
            self._oids[name] = found.oid
            self._oids[replace(name, is_array=True)] = found.array
            self._elements[found.array] = found.oid
        for found in learnt:
            if found.element:
                continue
            name = TypeName(found.schema, found.name, is_array=False)
            composite = self._composites.get(name)
            if composite is not None:
                self._match(found, composite, self._required.get(name, ()))
            register_type(
                self.adapters,
                found,
                self._enums.get(name),
                self._attributes.get(found.oid),
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
        """Discard all looked-up types, which can have been recreated."""
        self.adapters = AdaptersMap(builtin_adapters())
        self._oids.clear()
        self._elements.clear()
        self._found.clear()
        self._converted.clear()
        self._converted_oids.clear()
        self._fields.clear()
        self._attributes.clear()
        self._misfits.clear()
        self._tolerant = None
        self.roots.clear()

    def oid(self, name: str) -> int:
        """Return the oid of a type.

        Raises:
            SchemaChanged: the database has no such type.
        """
        oid = self._find(parse_name(name))
        if not oid:
            raise SchemaChanged(f"the database has no type {name}")
        return oid

    def result_oid(self, name: str) -> int:
        """Return the oid of the type in a result: the base type of a domain."""
        return self.base(self.oid(name))

    def adapter_oid(self, name: str, *, result: bool) -> int:
        """Return the oid under which a type's adapters are registered.

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
        # Parts can be converted types themselves, which take oids first.
        parts = [
            (self.adapter_oid(part, result=True), self.result_oid(part))
            for part in name.parts
        ]
        oid = LAST_OID - len(self._converted)
        inside = () if name.whole else self._domains(self.oid(name.of))
        register_conversion(
            self.adapters,
            name,
            oid,
            sent=sent,
            read=read,
            inside=inside,
            parts=parts,
        )
        self._converted[oid] = (name, sent, read)
        self._converted_oids[id(name)] = oid
        self._tolerant = None
        return oid

    def _domains(self, oid: int) -> tuple[int, ...]:
        """Return the type and the types that it is a domain over."""
        found = self._found.get(oid)
        if found is None or not found.base:
            return (oid,)
        return (oid, *self._domains(found.base))

    def layouts(
        self, parameters: Iterable[str], results: Iterable[str], *, binary: bool
    ) -> Mapping[int, str]:
        """Return the layouts of the composite types of a codec, by relation oid.

        Args:
            parameters: types to send, of which all attributes matter.
            results: types to read, of which the attributes in the generated code
                matter.
            binary: True if results are read in binary; in text all attributes matter.

        Raises:
            SchemaChanged: a composite type differs from that in the generated code.
        """
        layouts: dict[int, str] = {}
        for found in self._composites_in(results):
            known = self._attributes[found.oid].count
            layouts[found.relation] = layout(found, known if binary else None)
        for found in self._composites_in(parameters):
            attributes = self._attributes[found.oid]
            if len(attributes.positions) < len(found.field_names):
                names = {*found.field_names} - {*attributes.names}
                raise SchemaChanged(
                    f"type {found.schema}.{found.name} has an attribute that the"
                    f" generated code does not know and can't write: {min(names)}",
                    column=min(names),
                )
            layouts[found.relation] = layout(found)
        return layouts

    def names_of(self, layouts: Mapping[int, str]) -> list[str]:
        """Return the names of the composite types with these layouts."""
        return [
            f"{found.schema}.{found.name}"
            for found in self._found.values()
            if found.relation in layouts
        ]

    def _composites_in(self, names: Iterable[str]) -> Iterator[CatalogType]:
        seen = set[int]()
        oids = [self.oid(name) for name in names]
        while oids:
            oid = oids.pop()
            found = self._found.get(self._elements.get(oid, oid))
            if found is None or oid in seen:
                continue
            seen.add(oid)
            if (misfit := self._misfits.get(found.oid)) is not None:
                raise SchemaChanged(*misfit.args, column=misfit.column)
            if found.oid in self._attributes:
                yield found
            oids += found.parts

    def _match(
        self, found: CatalogType, composite: Composite, required: tuple[str, ...]
    ) -> None:
        """Map a composite type's attributes to those of the generated code by name."""
        types = dict(zip(found.field_names, found.field_types, strict=True))
        fields = dict(types)
        positions: list[int] = []
        for attribute, name in composite.fields.items():
            try:
                fields[attribute] = self._field(found, types, attribute, name)
            except SchemaChanged as error:
                error.column = attribute
                self._misfits[found.oid] = error
            else:
                positions.append(found.field_names.index(attribute))
        if found.oid in self._misfits:
            return
        self._attributes[found.oid] = Attributes(
            composite.python, tuple(composite.fields), tuple(positions), required
        )
        if fields != types:
            self._fields[found.oid] = tuple(fields.values())

    def _field(
        self, found: CatalogType, types: Mapping[str, int], attribute: str, name: str
    ) -> int:
        """Return the oid under which an attribute's adapters are registered."""
        called = f"type {found.schema}.{found.name}"
        oid = types.get(attribute)
        if oid is None:
            raise SchemaChanged(f"{called} has no attribute {attribute}")
        expected = self._find(parse_name(name))
        if expected is None or self.base(expected) != self.base(oid):
            raise SchemaChanged(
                f"attribute {attribute} of {called} is {self.spelling(oid)}, and the"
                f" generated code expects {name}"
            )
        if isinstance(name, Converted):
            return self.adapter_oid(name, result=False)
        return oid

    def base(self, oid: int) -> int:
        """Return the base type of a domain; other types are returned unchanged."""
        while (found := self._found.get(oid)) is not None and found.base:
            oid = found.base
        return oid

    def spelling(self, oid: int) -> str:
        """Return a type's name as generated code spells it, or its oid if unknown."""
        if (found := self._found.get(self._elements.get(oid, oid))) is not None:
            return f"{found.schema}.{found.name}" + "[]" * (found.oid != oid)
        info = postgres.types.get(oid)
        if info is None:
            return f"the type with oid {oid}"
        return info.name if info.oid == oid else f"{info.name}[]"

    def sends_binary(self, oid: int) -> bool:
        """Return True if values of the type can be sent in binary."""
        if (converted := self._converted.get(oid)) is not None:
            name, sent, _ = converted
            return name.binary and self.sends_binary(sent)
        if oid in self._fields:
            # psycopg's binary form of a row contains the oids of the fields' adapters.
            return False
        try:
            self.adapters.get_dumper_by_oid(oid, Format.BINARY)
        except ProgrammingError:
            return False
        return all(map(self.sends_binary, self._parts(oid)))

    def loads_binary(self, oid: int) -> bool:
        """Return True if values of the type can be read in binary."""
        if (converted := self._converted.get(oid)) is not None:
            name, _, read = converted
            return name.binary and self.loads_binary(read)
        if self.adapters.get_loader(oid, Format.BINARY) is None:
            return False
        return all(map(self.loads_binary, self._parts(oid)))

    @property
    def tolerant_adapters(self) -> AdaptersMap:
        """The adapters, with loaders that also read infinite dates."""
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
        """Return True if a single value of the type can be a list in Python."""
        found = self._found.get(oid)
        if found is not None:
            return found.name in {"vector", "halfvec"} or bool(
                found.element or (found.base and self._is_list(found.base))
            )
        info = self.adapters.types.get(oid)
        return info is not None and (info.oid != oid or info.name in LIST_VALUED)
