"""Values of pgvector's types, on a server that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.runtime.shop import PACKAGE, echo
from tests.runtime.sync.repositories import Database

from reposgen_runtime import SparseVector
from reposgen_runtime.errors import DataRejected, InvalidArgument
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Whole numbers come without a point.
VALUES: tuple[tuple[str, Any], ...] = (
    ("public.vector", [1.0, -2.5, 0.0]),
    ("public.halfvec", [1.0, 65504.0, 0.5]),
    ("public.sparsevec", SparseVector(16_000, {1: 1.0, 3: -2.5, 16_000: 0.5})),
    ("public.sparsevec", SparseVector(1, {})),
)


@pytest.fixture(params=[False, True], ids=["libpq", "cursors"])
def run(
    request: pytest.FixtureRequest, make_database: Callable[[str], str]
) -> Iterator[Runner]:
    conninfo = make_database("")
    with psycopg.connect(conninfo) as connection:
        try:
            connection.execute("CREATE EXTENSION vector")
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("the server has no pgvector")
    with Database.open(conninfo, use_cursors=request.param) as database:
        yield Runner(database, PACKAGE)


def floats(value: Any) -> list[Any]:  # noqa: ANN401 - values of several types
    return value if isinstance(value, list) else [*value.elements.values()]


def test_there_and_back(run: Runner) -> None:
    for name, value in VALUES:
        found: Any = run.one(echo(name), (value,))
        assert found == value, name
        assert {type(part) for part in floats(found)} <= {float}, name
        assert run.one(echo(name), (None,)) is None
        in_array: Any = run.one(echo(f"{name}[]"), ([value, None],))
        assert in_array == [value, None], name
        assert {type(part) for part in floats(in_array[0])} <= {float}, name


def test_elements_in_any_order_and_zeros(run: Runner) -> None:
    statement = echo("public.sparsevec")
    given = SparseVector(5, {4: 1, 2: 0, 1: 2})
    assert run.one(statement, (given,)) == SparseVector(5, {1: 2.0, 4: 1.0})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public.vector", []),
        ("public.halfvec", [65520.0]),
        ("public.sparsevec", SparseVector(0, {})),
        ("public.sparsevec", SparseVector(3, {1: float("nan")})),
    ],
)
def test_what_the_server_rejects(run: Runner, name: str, value: object) -> None:
    with pytest.raises(DataRejected):
        run.one(echo(name), (value,))


@pytest.mark.parametrize("elements", [{0: 1.0}, {4: 1.0}, {-1: 1.0}])
def test_an_index_outside_of_the_vector(
    run: Runner, elements: dict[int, float]
) -> None:
    with pytest.raises(InvalidArgument):
        run.one(echo("public.sparsevec"), (SparseVector(3, elements),))


def test_equality() -> None:
    assert SparseVector(3, {1: 1.0, 2: 2.0}) == SparseVector(3, {2: 2.0, 1: 1.0})
    assert hash(SparseVector(3, {1: 1.0})) == hash(SparseVector(3, {1: 1}))
    assert SparseVector(3, {1: 1.0}) != SparseVector(4, {1: 1.0})
