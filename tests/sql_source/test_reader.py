"""Files and folders of queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from pathlib import Path

    from reposgen.sql_source.model import QueryFile


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_sql", ".sql")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def query(name: str) -> str:
    return f"-- name: {name} :one\nSELECT 1;\n"


def read(root: Path, *paths: str) -> tuple[QueryFile, ...]:
    return read_query_files([str(root / path) for path in paths], root)


def rendered(files: tuple[QueryFile, ...]) -> list[str]:
    return [d.render() for file in files for d in file.diagnostics]


def test_a_folder_is_read_in_order_and_one_level_deep(tmp_path: Path) -> None:
    write(
        tmp_path,
        q__b_sql=query("B"),
        q__a_sql=query("A"),
        q__deep__c_sql=query("C"),
        q__notes="-- nothing",
    )
    (tmp_path / "q" / ".hidden.sql").write_text(query("Hidden"))
    (tmp_path / "q" / "1.down.sql").write_text(query("Down"))
    files = read(tmp_path, "q")
    assert [file.source.path for file in files] == ["q/a.sql", "q/b.sql"]
    (note,) = files[0].diagnostics
    assert (note.code, note.path) == ("folder-not-read", "q/deep")
    assert [q.name for file in files for q in file.queries] == ["A", "B"]


def test_paths_are_relative_to_the_root(tmp_path: Path) -> None:
    write(tmp_path, q__a_sql=query("A"))
    (file,) = read_query_files(["q/a.sql"], tmp_path)
    assert file.source.path == "q/a.sql"
    (outside,) = read_query_files(
        [str(tmp_path / "q" / "a.sql")], tmp_path / "elsewhere"
    )
    assert outside.source.path == (tmp_path / "q" / "a.sql").as_posix()


def test_a_file_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, q__a_sql=query("A"), q__b_sql=query("B"))
    files = read(tmp_path, "q/b.sql", "q", "q/../q/a.sql")
    assert [file.source.path for file in files] == ["q/b.sql", "q/a.sql"]
    assert rendered(files) == []


def test_byte_order_mark_and_newlines(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(
        b"\xef\xbb\xbf-- name: A :one\r\nSELECT 'a\r\nb';\r\n"
    )
    (file,) = read(tmp_path, "a.sql")
    (found,) = file.queries
    assert found.span.start == 0
    assert found.segments[0].span.text == "SELECT 'a\nb'"


def test_names_are_unique_in_a_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_sql=query("A") + query("B"),
        b_sql=f"{query('A')}{query('C')}{query('A')}SELECT 2;\n",
    )
    files = read(tmp_path, "a.sql", "b.sql")
    assert [[q.name for q in file.queries] for file in files] == [
        ["A", "B"],
        ["A", "C"],
    ]
    assert not files[0].diagnostics
    assert [d.code for d in files[1].diagnostics] == [
        "duplicate-query",
        "several-statements",
    ]
    assert rendered(files)[0] == (
        "b.sql:5:10: error: the file already has a query A [duplicate-query]\n"
        "    5 | -- name: A :one\n"
        "      |          ^\n"
        "  hint: the first is at b.sql:1:10; names are unique within a file"
    )


def test_a_missing_file(tmp_path: Path) -> None:
    write(tmp_path, a_sql=query("A"))
    files = read(tmp_path, "a.sql", "b.sql")
    assert [q.name for file in files for q in file.queries] == ["A"]
    assert rendered(files) == [
        (
            "b.sql: error: the file or folder does not exist [missing-file]\n"
            "  hint: correct the path of the queries in the configuration"
        )
    ]


def test_an_unreadable_file(tmp_path: Path) -> None:
    # Nobody, not even root, can read a link to itself.
    (tmp_path / "a.sql").symlink_to("a.sql")
    (message,) = rendered(read(tmp_path, "a.sql"))
    assert re.match(r"a\.sql: error: cannot be read: .+ \[unreadable-file\]$", message)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_not_utf8(tmp_path: Path, mark: bytes) -> None:
    text = mark + "-- name: Ä :one\nSELECT 'é".encode() + b"\xe9t\xe9';"
    (tmp_path / "a.sql").write_bytes(text)
    assert rendered(read(tmp_path, "a.sql")) == [
        (
            "a.sql:2:10: error: the byte 0xe9 is not UTF-8 [not-utf-8]\n"
            "    2 | SELECT 'é\ufffdt\ufffd';\n"
            "      |          ^\n"
            "  hint: save the file as UTF-8"
        )
    ]


def test_a_nul_character(tmp_path: Path) -> None:
    write(tmp_path, a_sql="-- name: A :one\nSELECT '\0';")
    assert rendered(read(tmp_path, "a.sql")) == [
        (
            "a.sql:2:9: error: the file contains a NUL character [nul-character]\n"
            "    2 | SELECT '\ufffd';\n"
            "      |         ^\n"
            "  hint: remove it"
        )
    ]


@pytest.mark.parametrize("text", [None, "", "-- nothing\n", "SELECT 1;"])
def test_no_queries(tmp_path: Path, text: str | None) -> None:
    (tmp_path / "q").mkdir()
    if text is not None:
        write(tmp_path, q__a_sql=text)
    assert rendered(read(tmp_path, "q"))[-1] == (
        "q: error: no queries found [no-queries]\n"
        "  hint: write -- name: GetTask :one above a statement in a .sql file"
    )


def test_no_paths(tmp_path: Path) -> None:
    (message,) = rendered(read(tmp_path))
    assert message.startswith("error: no queries found [no-queries]")


def test_mistakes_in_all_queries_are_not_no_queries(tmp_path: Path) -> None:
    write(tmp_path, a_sql="-- name: A :nope\nSELECT 1;")
    (file,) = read(tmp_path, "a.sql")
    assert [d.code for d in file.diagnostics] == ["unknown-command"]
