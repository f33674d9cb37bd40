"""Generated repositories and models, as tools that read annotations see them."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from importlib import import_module
from types import FunctionType
from typing import Protocol, get_type_hints

import pytest
from tests.systems.coverage_of_generated import packages


def methods(cls: type) -> dict[str, inspect.Signature]:
    """The public methods' signatures, by name."""
    # Evaluated, since classes of several modules that share a name get others.
    return {
        name: inspect.signature(member, eval_str=True)
        for one in cls.__mro__
        if one.__module__.startswith("generated.")
        for name, member in vars(one).items()
        if isinstance(member, FunctionType) and not name.startswith("_")
    }


@pytest.mark.parametrize("colour", ["", ".sync"])
@pytest.mark.parametrize("package", packages())
def test_protocols_have_the_repositories_methods(package: str, colour: str) -> None:
    module = import_module(f"generated.{package}{colour}")
    repositories = [name for name in module.__all__ if name.endswith("Repository")]
    assert repositories
    for name in repositories:
        protocol = getattr(module, f"{name}Protocol")
        assert methods(protocol) == methods(getattr(module, name))
        reads, writes = (base for base in protocol.__bases__ if base is not Protocol)
        assert not methods(reads).keys() & methods(writes).keys()
        assert methods(protocol) == methods(reads) | methods(writes)


@pytest.mark.parametrize("package", packages())
def test_annotations_of_models_can_be_evaluated(package: str) -> None:
    models = import_module(f"generated.{package}.models")
    rows = [
        found
        for found in vars(models).values()
        if is_dataclass(found)
        and isinstance(found, type)
        and found.__module__ == models.__name__
    ]
    assert rows
    for row in rows:
        assert set(get_type_hints(row)) == set(row.__dataclass_fields__)
