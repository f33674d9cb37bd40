"""What is kept comes back whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from reposgen.cache import store as store_module
from reposgen.cache.store import Store, open_store
from reposgen.diagnostics import SourceFile, error

if TYPE_CHECKING:
    from pathlib import Path

VALUE = (
    "a",
    {"b": (1, None)},
    error("x", "y", span=SourceFile(path="q.sql", text="é\ud800").span(0)),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "cache")


def only_file(store: Store) -> Path:
    assert store.folder
    (path,) = store.folder.iterdir()
    return path


def test_values_come_back(store: Store) -> None:
    store.write("one", VALUE)
    assert store.read("one") == VALUE
    assert store.read("two") is None


def test_the_last_value_counts(store: Store) -> None:
    store.write("one", "first")
    store.write("one", "second")
    assert store.read("one") == "second"


@pytest.mark.parametrize("kept", [0, 1, 32, 40, -1])
def test_what_was_cut_short_counts_for_nothing(store: Store, kept: int) -> None:
    store.write("one", VALUE)
    path = only_file(store)
    path.write_bytes(path.read_bytes()[:kept])
    assert store.read("one") is None


def test_what_was_changed_counts_for_nothing(store: Store) -> None:
    store.write("one", VALUE)
    path = only_file(store)
    data = bytearray(path.read_bytes())
    for index in range(len(data)):
        data[index] ^= 1
        path.write_bytes(data)
        assert store.read("one") is None
        data[index] ^= 1


def test_another_values_file_counts_for_nothing(store: Store) -> None:
    store.write("one", VALUE)
    path = only_file(store)
    path.rename(path.with_name("two"))
    assert store.read("two") is None


class Exploit:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


def test_nothing_but_models_comes_out(store: Store, tmp_path: Path) -> None:
    content = pickle.dumps(Exploit(tmp_path / "made"))
    digest = hashlib.sha256(b"one\0" + content).digest()
    assert store.folder
    (store.folder / "one").write_bytes(digest + content)
    assert store.read("one") is None
    assert not (tmp_path / "made").exists()


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "generator").mkdir()
    (tmp_path / "generator").chmod(0o777)
    store = open_store(tmp_path)
    store.write("one", VALUE)
    assert store.folder is None
    assert store.read("one") is None


def test_the_folder_is_the_users_alone(store: Store) -> None:
    assert store.folder
    assert store.folder.stat().st_mode & 0o777 == 0o700


def test_a_link_in_its_place_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "generator").symlink_to(tmp_path / "elsewhere")
    assert open_store(tmp_path).folder is None


def test_without_a_place_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    store = open_store(tmp_path / "taken")
    store.write("one", VALUE)
    assert store.read("one") is None


def test_a_place_that_goes_away_does_no_harm(store: Store) -> None:
    assert store.folder
    store.folder.rmdir()
    store.write("one", VALUE)
    assert store.read("one") is None


def aged(store: Store, name: str, seconds: int) -> None:
    assert store.folder
    os.utime(store.folder / name, (seconds, seconds))


def test_the_oldest_make_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, name in enumerate(("old", "older", "young"), start=1):
        store.write(name, b"x" * 1_000)
        aged(store, name, seconds)
    aged(store, "older", 0)
    monkeypatch.setattr(store_module, "LIMIT", 3_300)
    store.write("new", b"x" * 1_000)
    assert store.folder
    assert {path.name for path in store.folder.iterdir()} == {"old", "young", "new"}
    monkeypatch.setattr(store_module, "MOST_FILES", 2)
    store.write("new", "")
    assert {path.name for path in store.folder.iterdir()} == {"young", "new"}


def test_runs_beside_each_other_read_whole_values(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [f"{size} " * size for size in (1, 10_000, 100_000)]
    names = ("one", "two")
    for name in names:
        store.write(name, values[0])
    # Room is made all the time, the others' unfinished files included.
    monkeypatch.setattr(store_module, "MOST_FILES", 2)

    def write(value: str) -> None:
        other = open_store(store.folder.parent) if store.folder else store
        for name in islice(names * 50, 100):
            other.write(name, value)

    with ThreadPoolExecutor() as writers:
        running = [writers.submit(write, value) for value in values]
        while not all(one.done() for one in running):
            assert {store.read(name) for name in names} <= {*values, None}
    for one in running:
        one.result()
    monkeypatch.undo()
    store.write("one", VALUE)
    assert store.read("one") == VALUE
