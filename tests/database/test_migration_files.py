"""Which files make up a schema, and what is said of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from reposgen.database import read_migrations
from reposgen.diagnostics import ReposgenError


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"-- {name}\n")


def read(root: Path, *paths: str) -> list[str]:
    found = read_migrations([Path(path) for path in paths], root)
    return [file.path for file in found.files]


def complaint(root: Path, *paths: str) -> str:
    with pytest.raises(ReposgenError) as raised:
        read(root, *paths)
    return str(raised.value)


def test_a_folder_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path, "m/10.sql", "m/9.sql", "m/1_a.up.sql", "m/1_a.down.sql")
    write(tmp_path, "m/.hidden.sql", "m/notes.md", "m/deeper/2.sql", "m/B.sql")
    assert read(tmp_path, "m") == ["m/10.sql", "m/1_a.up.sql", "m/9.sql", "m/B.sql"]


def test_a_list_in_its_own_order(tmp_path: Path) -> None:
    write(tmp_path, "z.sql", "m/1.sql", "m/2.sql", "a.down.sql")
    names = read(tmp_path, "z.sql", "m", "a.down.sql")
    assert names == ["z.sql", "m/1.sql", "m/2.sql"]


def test_files_outside_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, "other/1.sql", "project/2.sql")
    root = tmp_path / "project"
    outside = (tmp_path / "other").as_posix()
    assert read(root, outside, "2.sql") == [f"{outside}/1.sql", "2.sql"]


def test_text_as_it_is_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"\xef\xbb\xbfSELECT\t'\xc3\xa4';\r\n")
    (file,) = read_migrations([Path("a.sql")], tmp_path).files
    assert file.text == "SELECT\t'ä';\r\n"


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    assert complaint(tmp_path, "m") == (
        "m: error: there are no .sql files here [no-migrations]\n"
        "  hint: put the schema's files here, or correct schema in the configuration"
    )


def test_all_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"\xef\xbb\xbf-- ok\n-- \xff\n")
    (tmp_path / "b.sql").write_bytes(b"SELECT 1;\0")
    (tmp_path / "c.sql").symlink_to("c.sql")
    assert complaint(tmp_path, "nosuch", ".") == (
        "nosuch: error: there is no such file or folder [missing-schema]\n"
        "  hint: correct schema in the configuration\n"
        "a.sql:2:4: error: the byte 0xff here is not UTF-8 [not-utf-8]\n"
        "    2 | -- \N{REPLACEMENT CHARACTER}\n"
        "      |    ^\n"
        "  hint: save the file as UTF-8\n"
        "b.sql:1:10: error: there is a NUL character here [nul-character]\n"
        "    1 | SELECT 1;\N{REPLACEMENT CHARACTER}\n"
        "      |          ^\n"
        "  hint: take it out\n"
        "c.sql: error: cannot be read: Too many levels of symbolic links"
        " [unreadable-file]"
    )
