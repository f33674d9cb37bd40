from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from reposgen.diagnostics import ReposgenError, Severity
from reposgen.output.compare import Cause, Comparison, compare
from reposgen.output.replace import replace

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = {"reposgen": "0.1.0", "black": "26.1"}
FILES = {"__init__.py": "", "demo/tasks.py": "a = 1\n", "demo/users.py": "ü = 2\n"}


def write(directory: Path, files: dict[str, str]) -> Comparison:
    return replace(directory, files, versions=VERSIONS, shown="out/generated")


def look(directory: Path, files: dict[str, str]) -> Comparison:
    return compare(directory, files, versions=VERSIONS, shown="out/generated")


def texts(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes().decode()
        for path in directory.rglob("*")
        if path.is_file()
    }


def causes(found: Comparison) -> dict[str, Cause]:
    return {
        change.path.removeprefix("out/generated/"): change.cause
        for change in found.changes
    }


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    directory = tmp_path / "out" / "generated"
    write(directory, FILES)
    return directory


def code(error: pytest.ExceptionInfo[ReposgenError]) -> list[str]:
    return [d.code for d in error.value.diagnostics]


def test_writes_all_files_and_the_manifest(generated: Path) -> None:
    found = texts(generated)
    manifest = found.pop("manifest.toml")
    assert found == FILES
    assert '"black" = "26.1"' in manifest
    assert manifest.count(" = ") == len(VERSIONS) + len(FILES)
    assert [p.name for p in generated.parent.iterdir()] == ["generated"]


def test_what_was_written_is_fresh(generated: Path) -> None:
    assert look(generated, FILES).fresh


def test_nothing_written_yet(tmp_path: Path) -> None:
    found = look(tmp_path / "generated", FILES)
    assert set(causes(found).values()) == {Cause.MISSING}
    assert not found.fresh
    assert not (tmp_path / "generated").exists()


def test_each_cause(generated: Path) -> None:
    (generated / "demo/users.py").write_text("mine = 1\n")
    (generated / "__init__.py").unlink()
    files = {"__init__.py": "", "demo/users.py": "ü = 2\n", "demo/new.py": "n = 1\n"}
    found = look(generated, files)
    assert causes(found) == {
        "__init__.py": Cause.MISSING,
        "demo/new.py": Cause.MISSING,
        "demo/tasks.py": Cause.STALE,
        "demo/users.py": Cause.EDITED,
        "manifest.toml": Cause.OUTDATED,
    }
    diffs = {change.path: change.diff for change in found.changes}
    assert diffs["out/generated/demo/users.py"] == (
        "--- out/generated/demo/users.py\n"
        "+++ out/generated/demo/users.py (generated)\n"
        "@@ -1,2 +1,2 @@\n"
        "-mine = 1\n"
        "+ü = 2\n"
        " "
    )


def test_another_version_changes_the_manifest_alone(generated: Path) -> None:
    found = compare(generated, FILES, versions={"reposgen": "0.2.0"}, shown="g")
    assert [c.path for c in found.changes] == ["g/manifest.toml"]


def test_unchanged_files_are_not_touched(generated: Path) -> None:
    before = (generated / "demo/users.py").stat()
    write(generated, {**FILES, "demo/tasks.py": "a = 2\n"})
    after = (generated / "demo/users.py").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (generated / "demo/tasks.py").read_text() == "a = 2\n"


def test_a_fresh_directory_is_not_replaced(generated: Path) -> None:
    before = generated.stat()
    assert write(generated, FILES).fresh
    assert generated.stat().st_ino == before.st_ino


def test_stale_files_and_their_folders_are_removed(generated: Path) -> None:
    write(generated, {"__init__.py": ""})
    assert sorted(p.name for p in generated.iterdir()) == [
        "__init__.py",
        "manifest.toml",
    ]


@pytest.mark.parametrize("place", ["notes.txt", "demo/mine.py", "other/deep/x.sql"])
def test_a_foreign_file_is_an_error_and_stays(generated: Path, place: str) -> None:
    foreign = generated / place
    foreign.parent.mkdir(parents=True, exist_ok=True)
    foreign.write_text("precious")
    assert look(generated, FILES).foreign == (f"out/generated/{place}",)
    with pytest.raises(ReposgenError) as error:
        write(generated, {**FILES, "demo/tasks.py": "a = 2\n"})
    assert code(error) == ["foreign-file"]
    assert error.value.diagnostics[0].path == f"out/generated/{place}"
    assert foreign.read_text() == "precious"
    assert (generated / "demo/tasks.py").read_text() == "a = 1\n"


def test_a_file_in_the_way_of_a_new_one_is_foreign(tmp_path: Path) -> None:
    directory = tmp_path / "generated"
    (directory / "demo").mkdir(parents=True)
    (directory / "demo/tasks.py").write_text("precious")
    with pytest.raises(ReposgenError) as error:
        write(directory, FILES)
    assert code(error) == ["foreign-file"]
    assert texts(directory) == {"demo/tasks.py": "precious"}


def test_compiled_files_are_nobodys(generated: Path) -> None:
    cache = generated / "demo" / "__pycache__"
    cache.mkdir()
    (cache / "tasks.cpython-311.pyc").write_bytes(b"")
    (generated / "old.pyc").write_bytes(b"")
    assert look(generated, FILES).fresh


def test_an_edited_file_is_overwritten_with_a_warning(generated: Path) -> None:
    (generated / "demo/tasks.py").write_text("mine")
    found = write(generated, FILES)
    (warning,) = found.diagnostics
    assert warning.severity is Severity.WARNING
    assert warning.code == "edited-file"
    assert warning.path == "out/generated/demo/tasks.py"
    assert (generated / "demo/tasks.py").read_text() == FILES["demo/tasks.py"]


def test_an_edited_file_that_is_stale_is_warned_about(generated: Path) -> None:
    (generated / "demo/tasks.py").write_text("mine")
    found = write(generated, {"__init__.py": ""})
    assert [d.code for d in found.diagnostics] == ["edited-file"]


@pytest.mark.parametrize("text", ["[files", "[versions]\n", 'files = "x"\n'])
def test_an_unreadable_manifest(generated: Path, text: str) -> None:
    (generated / "manifest.toml").write_text(text)
    with pytest.raises(ReposgenError) as error:
        write(generated, {})
    assert code(error) == ["unreadable-manifest"]
    assert (generated / "demo/tasks.py").exists()


def test_without_a_manifest_equal_files_are_taken_over(generated: Path) -> None:
    (generated / "manifest.toml").unlink()
    assert causes(write(generated, FILES)) == {"manifest.toml": Cause.MISSING}
    assert look(generated, FILES).fresh


def test_a_link_in_place_of_a_file_is_replaced_not_followed(
    generated: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_text(FILES["demo/tasks.py"])
    (generated / "demo/tasks.py").unlink()
    (generated / "demo/tasks.py").symlink_to(elsewhere)
    assert causes(look(generated, FILES)) == {"demo/tasks.py": Cause.EDITED}
    write(generated, {**FILES, "demo/tasks.py": "a = 2\n"})
    assert not (generated / "demo/tasks.py").is_symlink()
    assert elsewhere.read_text() == FILES["demo/tasks.py"]


def test_a_linked_folder_is_foreign(generated: Path, tmp_path: Path) -> None:
    (generated / "linked").symlink_to(tmp_path)
    assert look(generated, FILES).foreign == ("out/generated/linked",)


def test_an_output_directory_that_is_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    write(link, FILES)
    assert link.is_symlink()
    assert (real / "demo/tasks.py").exists()


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "generated").write_text("precious")
    with pytest.raises(ReposgenError) as error:
        write(tmp_path / "generated", FILES)
    assert code(error) == ["unwritable-output"]
    assert (tmp_path / "generated").read_text() == "precious"


def test_a_folder_above_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    with pytest.raises(ReposgenError) as error:
        write(tmp_path / "out" / "generated", FILES)
    assert code(error) == ["unwritable-output"]


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may write wherever a file system lets anyone"
)
def test_an_unwritable_folder(generated: Path) -> None:
    generated.parent.chmod(0o555)
    try:
        with pytest.raises(ReposgenError) as error:
            write(generated, {"__init__.py": ""})
    finally:
        generated.parent.chmod(0o755)
    assert code(error) == ["unwritable-output"]
    (diagnostic,) = error.value.diagnostics
    assert "may" in (diagnostic.hint or "")
    assert look(generated, FILES).fresh


def test_a_write_that_fails_leaves_everything_as_it_was(
    generated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = texts(generated)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReposgenError) as error:
        write(generated, {**FILES, "demo/tasks.py": "a = 2\n"})
    assert "No space left on device" in error.value.diagnostics[0].message
    assert texts(generated) == before
    assert [p.name for p in generated.parent.iterdir()] == ["generated"]


def test_a_run_that_was_killed_between_the_renames(generated: Path) -> None:
    generated.rename(generated.parent / ".generated.old")
    (generated.parent / ".generated.new" / "demo").mkdir(parents=True)
    assert write(generated, FILES).fresh
    assert [p.name for p in generated.parent.iterdir()] == ["generated"]


def test_a_run_that_was_killed_after_the_renames(generated: Path) -> None:
    (generated.parent / ".generated.old").mkdir()
    (generated.parent / ".generated.old" / "tasks.py").write_text("before")
    write(generated, {**FILES, "demo/tasks.py": "a = 2\n"})
    assert (generated / "demo/tasks.py").read_text() == "a = 2\n"
    assert [p.name for p in generated.parent.iterdir()] == ["generated"]


def test_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    directory = tmp_path / "generated"
    start = threading.Barrier(8)
    failures: list[Exception] = []

    def run(number: int) -> None:
        files = {f"demo/m{i}.py": f"n = {number}\n" for i in range(20)}
        start.wait()
        try:
            for _ in range(5):
                write(directory, files)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found = texts(directory)
    found.pop("manifest.toml")
    assert len(found) == 20
    assert len(set(found.values())) == 1
