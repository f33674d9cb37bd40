"""Long lines arrive at black as black would break them."""

from __future__ import annotations

import random

import black
import pytest
from black.mode import Mode, TargetVersion

from reposgen.render.formatting import format_piece
from reposgen.render.lines import LINE_LENGTH, fitted

_CLASS = "class C:\n"
_WORDS = ("a", "status", "tenant_id", "created_at", "the_longest_name_of_them_all")
_TYPES = ("int", "UUID | None", "Sequence[tuple[str, int]]", "dict[str, list[int]]")


def method(signature: str, call: str) -> str:
    return f"    {fitted(signature, 4)}\n        {fitted(call, 8)}"


def unbroken(signature: str, call: str) -> str:
    return f"    {signature}\n        {call}"


def some_method(choose: random.Random) -> tuple[str, str]:
    names = choose.sample([f"{w}_{i}" for w in _WORDS for i in range(3)], k=9)
    names = names[: choose.randrange(10)]
    arguments = "".join(f", {name}: {choose.choice(_TYPES)}" for name in names)
    star = ", *" if names else ""
    returns = choose.choice(("None", "list[Record]", "Record | None"))
    passed = (
        f", ({', '.join(names)},)" if len(names) == 1 else f", ({', '.join(names)})"
    )
    return (
        f"async def {choose.choice(_WORDS)}(self{star}{arguments}) -> {returns}:",
        f"return await self._run.many(LIST_THEM{passed if names else ''})",
    )


def test_what_fits_stays() -> None:
    line = "results=" + "x" * (LINE_LENGTH - 12)
    assert fitted(line, 4) == line


@pytest.mark.parametrize("seed", range(60))
def test_black_has_the_same_of_it_broken_or_not(seed: int) -> None:
    signature, call = some_method(random.Random(seed))
    assert format_piece(method(signature, call)) == format_piece(
        unbroken(signature, call)
    )


@pytest.mark.parametrize(
    ("signature", "call"),
    [
        (
            (
                "async def list_tasks(self, *, tenant: UUID, limit: int)"
                " -> list[TaskWithAllThatBelongsToIt]:"
            ),
            "return await self._run.many(LIST_TASKS_OF_TENANT, (tenant, limit, more))",
        ),
        (
            (
                "def create(self, *, a: int, b: dict[str, int], "
                "c: Sequence[tuple[int, str]], d: str) -> None:"
            ),
            (
                "self._run.exec(CREATE, (a, b.secret() if isinstance(b, Secret) else b,"
                " c, d, aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbb))"
            ),
        ),
        (
            (
                "def stream(self, *, a: int, b: str)"
                " -> Stream[dict[str, list[int]], AndMore[int]]:"
            ),
            (
                'self._run.copy("a (string), with, all", (aaaaaaaaaaaaaaaaa,'
                " bbbbbbbbbbbbbbbbbbbbbbbb, c))"
            ),
        ),
    ],
)
def test_black_finds_nothing_to_do(signature: str, call: str) -> None:
    code = f"{_CLASS}{method(signature, call)}\n"
    assert code != f"{_CLASS}{unbroken(signature, call)}\n"
    mode = Mode(target_versions={TargetVersion.PY311})
    assert black.format_str(code, mode=mode) == code


def test_a_tuple_has_a_line_for_each_item() -> None:
    items = [f'"public.type_number_{i}"' for i in range(4)]
    lines = fitted(f"results=({', '.join(items)}),", 4).split("\n")
    assert lines == ["results=(", *(f"        {item}," for item in items), "    ),"]


@pytest.mark.parametrize(
    "line",
    [
        "return await self._run.many(*CHOOSE_FROM_ALL.choose((tenant, status), a=b))",
        f'results=("one string that nobody can break{60 * "."}",),',
        f"parameters=first({'a' * 40}, {'b' * 20}) + second({'c' * 20}, d),",
        f"def f(self, *, a: int) -> A{'a' * 80}:",
    ],
)
def test_what_is_not_known_stays(line: str) -> None:
    assert fitted(line, 4) == line
