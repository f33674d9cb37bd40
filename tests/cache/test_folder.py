"""Where the cache is, also for a user that has no home."""

from __future__ import annotations

import os
import pwd
import tempfile
from multiprocessing import get_context
from pathlib import Path

import pytest

from reposgen.cache.folder import CACHE_VARIABLE, writable_cache_directory


def found_as_a_user_without_a_home(place: Path) -> tuple[Path, int, int]:
    """The directory that another user than root finds, its mode and its owner."""
    reading, writing = get_context("fork").Pipe(duplex=False)

    def find() -> None:
        if os.geteuid() == 0:
            os.setgid(pwd.getpwnam("nobody").pw_gid)
            os.setuid(pwd.getpwnam("nobody").pw_uid)
        os.environ |= {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent/cache"}
        tempfile.tempdir = str(place)
        directory = writable_cache_directory()
        found = directory.stat()
        writing.send((directory, found.st_mode & 0o777, found.st_uid - os.geteuid()))

    child = get_context("fork").Process(target=find)
    child.start()
    child.join()
    assert child.exitcode == 0
    found: tuple[Path, int, int] = reading.recv()
    return found


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    # Below pytest's own folder, another user could not enter it.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o1777)
    return folder


def test_without_a_home_it_is_a_folder_of_temporary_files(place: Path) -> None:
    directory, mode, owner = found_as_a_user_without_a_home(place)
    assert directory.parent == place
    assert directory.name.startswith("reposgen-")
    assert not mode & 0o022
    assert owner == 0
    again, _, _ = found_as_a_user_without_a_home(place)
    assert again == directory


def test_a_folder_that_somebody_else_made_is_not_used(place: Path) -> None:
    directory, _, _ = found_as_a_user_without_a_home(place)
    directory.chmod(0o777)
    other, _, owner = found_as_a_user_without_a_home(place)
    assert other != directory
    assert owner == 0


def test_a_chosen_folder_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "/nonexistent/cache")
    assert writable_cache_directory() == Path("/nonexistent/cache")
