# Derived from ../aio/test_call_path.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""How far it is from a repository's method to the socket."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tests.runtime.sync.repositories import Database, TaskRepository

from reposgen_runtime import wire

if TYPE_CHECKING:
    from types import CodeType

    import pytest

MAX_FRAMES = 8
MAX_FILES = 6


def test_few_frames_in_few_files(
    conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends = wire.send_statement
    path: list[CodeType] = []

    def noted(*args: Any, **options: Any) -> None:  # noqa: ANN401 -- as they come
        path[:] = [sends.__code__]
        frame = sys._getframe(1)  # noqa: SLF001 -- documented
        while path[-1] is not TaskRepository.get.__code__:
            path.append(frame.f_code)
            assert frame.f_back is not None
            frame = frame.f_back
        sends(*args, **options)

    with Database.open(conninfo) as db:
        task = db.tasks.create(title="a")
        # The first call also looks types up, and prepares the statement.
        db.tasks.get(id=task.id)
        monkeypatch.setattr(wire, "send_statement", noted)
        assert db.tasks.get(id=task.id) == task
    names = [f"{code.co_filename}: {code.co_name}" for code in path]
    assert len(path) <= MAX_FRAMES, names
    assert len({code.co_filename for code in path}) <= MAX_FILES, names
