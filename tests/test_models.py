"""The dataclass of models does what the standard one does."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import TYPE_CHECKING, Any

import pytest

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


def made(dataclass: Callable[..., Callable[[type], type]], **options: bool) -> type:
    class Model:
        """A model."""

        name: str
        numbers: tuple[int, ...] = ()
        place: int = field(default=-1, compare=False)
        secret: str = field(default="", repr=False)

    return dataclass(slots=True, kw_only=True, **options)(Model)


@pytest.fixture
def ours() -> Any:  # noqa: ANN401 - a class whose fields no checker knows
    return made(dataclass, frozen=True)


@pytest.fixture
def standard() -> Any:  # noqa: ANN401 - as above
    return made(dataclasses.dataclass, frozen=True)


def test_repr_is_the_standard_one(ours: Any, standard: Any) -> None:  # noqa: ANN401 - as above
    values = {"name": "a", "numbers": (1, 2), "place": 3, "secret": "s"}
    assert repr(ours(**values)) == repr(standard(**values))


def test_equal_are_those_of_one_class_with_equal_fields(ours: Any) -> None:  # noqa: ANN401 - as above
    assert ours(name="a", place=1) == ours(name="a", place=2)
    assert ours(name="a") != ours(name="b")
    assert ours(name="a") != made(dataclass, frozen=True)(name="a")


def test_equal_ones_have_one_hash(ours: Any) -> None:  # noqa: ANN401 - as above
    assert len({ours(name="a", place=1), ours(name="a", place=2), ours(name="b")}) == 2


def test_what_is_not_frozen_has_no_hash() -> None:
    model: Any = made(dataclass)
    assert model(name="a") == model(name="a")
    with pytest.raises(TypeError, match="unhashable"):
        hash(model(name="a"))


def test_without_eq_each_is_itself() -> None:
    model: Any = made(dataclass, eq=False)
    assert model(name="a") != model(name="a")
    assert len({model(name="a"), model(name="a")}) == 2


def test_a_class_keeps_its_own_methods() -> None:
    @dataclass(frozen=True, slots=True)
    class Model:
        """A model."""

        name: str

        def __repr__(self) -> str:
            return "mine"

        def __hash__(self) -> int:
            return 7

    assert (repr(Model("a")), hash(Model("a"))) == ("mine", 7)


def test_it_can_be_replaced_and_ordered(ours: Any) -> None:  # noqa: ANN401 - as above
    changed = dataclasses.replace(ours(name="a"), name="b")
    assert changed == ours(name="b")
    ordered: Any = made(dataclass, frozen=True, order=True)
    assert ordered(name="a") < ordered(name="b")
