r"""psql's commands in schema files: `\i` is followed, harmful ones are refused."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from reposgen.diagnostics import SourceFile
    from reposgen.sql_source.lexer import Token

# pg_dump's COPY and its data: lines up to one that is \. alone.
COPY_DATA = re.compile(
    r"^\\?(?P<copy>copy\b[^;()\r\n]*(?:\([^()]*\))?\s*\bfrom\s+stdin\b[^;\r\n]*)"
    r";?[^\r\n]*\r?$\n(?P<data>(?s:.*?))^\\\.\r?$",
    re.IGNORECASE | re.MULTILINE,
)
# Made if it is absent: a scratch database needs no other one.
_CREATES_DATABASE = re.compile(
    r"^[ \t]*select\s+(?:format\s*\(\s*)?'create\s+(?:database|role|user)\b"
    r"[^;]*?\\gexec\b;?",
    re.IGNORECASE | re.MULTILINE,
)
_COMMAND = re.compile(r"\\(?P<name>[\w?!]+|)\s*(?P<argument>.*?)\s*$", re.DOTALL)
_INCLUDE: Final = {"i", "include"}
_INCLUDE_RELATIVE: Final = {"ir", "include_relative"}
# What decides which statements run, or where, or makes statements of results.
_REFUSED: Final = {
    "if": "write a schema file without conditions",
    "elif": "write a schema file without conditions",
    "else": "write a schema file without conditions",
    "endif": "write a schema file without conditions",
    "gexec": "write the statements that it would execute",
    "gset": "write the values that it would store",
    "gdesc": "remove the line",
    "crosstabview": "remove the line",
}
# Whose variables have a meaning of their own to psql alone.
_PSQL_VARIABLE = re.compile(r"[A-Z_]+$")


class Meaning(StrEnum):
    """Meaning of a psql command for a schema."""

    NOTHING = "nothing"
    CONNECT = "connect"
    INCLUDE = "include"
    QUIT = "quit"


@dataclass(frozen=True, slots=True, kw_only=True)
class PsqlCommand:
    """A psql command.

    Attributes:
        path: path of the included file.
    """

    meaning: Meaning
    path: Path | None = None


def without_data(text: str) -> str:
    r"""Return a file's text with the data of COPY blanked, so that all places stay.

    The common way to create a database if it does not exist is blanked as well:
    `SELECT … \gexec`.
    """
    text = _CREATES_DATABASE.sub(_blanked, text)
    return COPY_DATA.sub(_blanked, text)


def _blanked(found: re.Match[str]) -> str:
    return re.sub(r"[^\r\n]", " ", found[0])


def read_command(
    token: Token, file: SourceFile, folder: Path, root: Path
) -> PsqlCommand:
    r"""Return the meaning of a psql command.

    Args:
        token: the line.
        file: the file that contains it.
        folder: the folder of that file; `\ir` is relative to it.
        root: the project's folder, in which psql is assumed to run; `\i` is relative to
            it or, if there is no such file, to `folder`.

    Raises:
        ReposgenError: the command changes the schema, and cannot be followed.
    """
    found = _COMMAND.match(token.text)
    name, argument = (found["name"], found["argument"]) if found else ("", "")
    if name in _INCLUDE:
        return _include(token, file, _unquoted(argument), (root, folder))
    if name in _INCLUDE_RELATIVE:
        return _include(token, file, _unquoted(argument), (folder,))
    if name in ("c", "connect"):
        return PsqlCommand(meaning=Meaning.CONNECT)
    if name in ("q", "quit"):
        return PsqlCommand(meaning=Meaning.QUIT)
    if hint := _REFUSED.get(name):
        raise _refusal(token, file, f"psql's \\{name} is not supported", hint)
    if name == "set":
        _check_variable(token, file, argument)
    return PsqlCommand(meaning=Meaning.NOTHING)


def _include(
    token: Token, file: SourceFile, written: str, folders: tuple[Path, ...]
) -> PsqlCommand:
    if not written:
        raise _refusal(token, file, "the name of the file is missing", "add it")
    places = {(folder / written).resolve() for folder in folders}
    there = sorted(place for place in places if place.is_file())
    if not there:
        raise _refusal(
            token,
            file,
            f'the included file "{written}" does not exist',
            r"\i is relative to the project's folder, \ir to the folder of this file",
        )
    if len(there) > 1:
        raise _refusal(
            token,
            file,
            f'"{written}" exists in the project\'s folder and beside this file',
            r"use \ir for a path relative to this file",
        )
    return PsqlCommand(meaning=Meaning.INCLUDE, path=there[0])


def _check_variable(token: Token, file: SourceFile, argument: str) -> None:
    """Refuse a psql variable that the file uses."""
    name = argument.split(maxsplit=1)[0] if argument else ""
    if not re.fullmatch(r"\w+", name) or _PSQL_VARIABLE.match(name):
        return
    use = re.compile(rf"""(?<![:\w]):(?:{name}\b|'{name}'|"{name}")""")
    if use.search(file.text, token.end):
        raise _refusal(
            token,
            file,
            f'psql\'s variable "{name}" is used below, and psql alone can replace it',
            f"write the value in place of :{name}",
        )


def _unquoted(argument: str) -> str:
    if len(argument) > 1 and argument[0] == argument[-1] == "'":
        return argument[1:-1].replace("''", "'")
    return argument


def _refusal(token: Token, file: SourceFile, message: str, hint: str) -> ReposgenError:
    return ReposgenError(
        [
            error(
                "psql-command",
                message,
                span=file.span(token.start, token.end),
                hint=hint,
            )
        ]
    )
