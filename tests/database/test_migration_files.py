"""Which files make up a schema, and what is said of those that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reposgen.database import read_migrations
from reposgen.diagnostics import ReposgenError

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"-- {name}\n")


def read(root: Path, *paths: str) -> list[str]:
    found = read_migrations(paths, root)
    return [file.path for file in found.files]


def complaint(root: Path, *paths: str) -> str:
    with pytest.raises(ReposgenError) as raised:
        read(root, *paths)
    return str(raised.value)


@pytest.mark.parametrize(
    "names",
    [
        ("1-a.sql", "2-b.sql", "10-c.sql"),
        ("1_a.up.sql", "9_b.up.sql", "10_c.up.sql", "100_d.up.sql"),
        ("00001_a.sql", "00010_b.sql", "99999_c.sql", "100000_d.sql"),
        ("20231231235959_a.sql", "20240101000000_b.sql", "20240101000001_c.sql"),
        ("0001_a.sql", "20240101000000_b.sql"),
        ("2024-01-31-a.sql", "2024-02-01-b.sql", "2024-10-01-c.sql"),
        ("1.9.0_a.sql", "1.10.0_b.sql", "2.0_c.sql"),
        ("V1__a.sql", "V1.2__b.sql", "V1_10__c.sql", "V2__d.sql", "R__views.sql"),
        (
            *("beforeMigrate.sql", "B2__a.sql", "V2.1__b.sql", "V10__c.sql"),
            *("R__views.sql", "afterMigrate__grants.sql"),
        ),
        ("0000_a/migration.sql", "1_b/migration.sql", "10_c/migration.sql"),
        ("a.sql", "b.sql", "c10.sql", "c9.sql"),
        ("01_a.sql", "01_b.sql", "02_a.sql"),
        ("001_a.sql", "002_b.sql", "schema.sql"),
        ("1.sql", "2.SQL", "11.Sql"),
    ],
    ids=lambda names: names[0],
)
def test_a_folder_in_the_order_of_versions(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    write(tmp_path, *(f"m/{name}" for name in reversed(names)))
    expected = [f"m/{name}" for name in names]
    assert read(tmp_path, "m") == expected
    patterns = ["m/*/*.sql"] if "/" in names[0] else ["m/*.[sS][qQ][lL]"]
    assert read(tmp_path, *patterns) == expected
    assert read(tmp_path, "m/**/*") == expected


def test_what_is_not_a_way_up_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "m/1_a.up.sql", "m/1_a.down.sql", "m/.hidden.sql", "m/notes.md")
    write(tmp_path, "m/U2__b.sql", "m/V2__b.sql", "m/.hidden/3.sql", "m/3.undo.sql")
    assert read(tmp_path, "m") == ["m/1_a.up.sql", "m/V2__b.sql"]


def test_an_unclear_order_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "m/10_c.sql", "m/9_b.sql", "m/schema.sql")
    assert complaint(tmp_path, "m") == (
        'm: error: the order of "10_c.sql" and "schema.sql" is unclear: some names in'
        " the folder begin with a version, others do not [ambiguous-order]\n"
        "  hint: list the files of schema in their order, or give each a version"
    )
    assert read(tmp_path, "m/schema.sql", "m/[0-9]*.sql") == [
        "m/schema.sql",
        "m/9_b.sql",
        "m/10_c.sql",
    ]


def test_a_folder_that_is_not_read_is_named(tmp_path: Path) -> None:
    write(tmp_path, "m/1.sql", "m/seeds/users.sql", "m/empty/notes.md")
    (found,) = read_migrations(["m"], tmp_path).diagnostics
    assert (found.code, found.path) == ("folder-not-read", "m/seeds")
    assert read(tmp_path, "m/**/*.sql") == ["m/1.sql", "m/seeds/users.sql"]


def parts(root: Path, path: str) -> list[tuple[str, str]]:
    (file,) = read_migrations([path], root).files
    return [(part.source.path, part.text.strip()) for part in file.parts]


def test_includes_are_read_where_they_stand(tmp_path: Path) -> None:
    for name, text in {
        "db/all.sql": "SELECT 1;\n\\i db/a.sql\nSELECT 2;\n\\ir b.sql\n",
        "db/a.sql": "SELECT 'a';\n\\include_relative deep/c.sql\n",
        "db/b.sql": "SELECT 'b';\n\\q\nSELECT 'never';",
        "db/deep/c.sql": "SELECT 'c';\n\\echo done\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [one for one in parts(tmp_path, "db/all.sql") if one[1]] == [
        ("db/all.sql", "SELECT 1;"),
        ("db/a.sql", "SELECT 'a';"),
        ("db/deep/c.sql", "SELECT 'c';\n\\echo done"),
        ("db/all.sql", "SELECT 2;"),
        ("db/b.sql", "SELECT 'b';"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\\i nosuch.sql", '"nosuch.sql" does not exist'),
        ("\\i a.sql", "includes itself"),
        ("\\i", "name of the file is missing"),
        ("\\if :x\nSELECT 1;\n\\endif", "\\if is not supported"),
        ("SELECT 'DROP TABLE t'\n\\gexec", "\\gexec is not supported"),
        ("\\set size 10\nCREATE TABLE t (a varchar(:size));", '"size" is used below'),
        ("\\set who me\nSELECT :'who';", '"who" is used below'),
    ],
)
def test_lines_of_psql_that_change_the_schema(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "a.sql").write_text(f"-- first\n{text}\n")
    found = complaint(tmp_path, "a.sql")
    assert message in found
    assert "[psql-command]" in found
    assert "a.sql:" in found


@pytest.mark.parametrize(
    "text",
    [
        "\\set ON_ERROR_STOP on",
        "\\restrict abc",
        "\\connect shop",
        "\\set size 10\nSELECT 'a'::text;",
        "COPY t FROM stdin;\n\\N\t1\n\\i nosuch.sql\n\\.\n",
        "SELECT $$\n\\i nosuch.sql\n$$;",
    ],
)
def test_other_lines_of_psql_mean_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(text)
    assert parts(tmp_path, "a.sql") == [("a.sql", text.strip())]


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
    (file,) = read_migrations(["a.sql"], tmp_path).files
    (part,) = file.parts
    assert part.text == "SELECT\t'ä';\n"


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
        "nosuch: error: the file or folder does not exist [missing-schema]\n"
        "  hint: correct schema in the configuration\n"
        "a.sql:2:4: error: the byte 0xff is not UTF-8 [not-utf-8]\n"
        "    2 | -- \N{REPLACEMENT CHARACTER}\n"
        "      |    ^\n"
        "  hint: save the file as UTF-8\n"
        "b.sql:1:10: error: the file contains a NUL character [nul-character]\n"
        "    1 | SELECT 1;\N{REPLACEMENT CHARACTER}\n"
        "      |          ^\n"
        "  hint: remove it\n"
        "c.sql: error: cannot be read: Too many levels of symbolic links"
        " [unreadable-file]"
    )


def test_a_baseline_stands_for_the_versions_up_to_it(tmp_path: Path) -> None:
    names = ("B1__a.sql", "B2__b.sql", "V1__c.sql", "V1.9__d.sql", "V2__e.sql")
    write(tmp_path, *(f"m/{name}" for name in (*names, "V3__f.sql", "U3__f.sql")))
    assert read(tmp_path, "m") == ["m/B2__b.sql", "m/V3__f.sql"]
    assert read(tmp_path, "m/V1__c.sql") == ["m/V1__c.sql"]
