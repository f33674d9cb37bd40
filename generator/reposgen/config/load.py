"""Search, reading and validation of a codegen.toml; errors have their place in it."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reposgen.config.locations import KeyPath, Locations, locate
from reposgen.config.model import Config, Sections
from reposgen.config.origin import PYPROJECT_NAME, VARIABLE, Origin, Overrides
from reposgen.config.validation import to_diagnostics
from reposgen.diagnostics import Diagnostic, ReposgenError, SourceFile, error
from reposgen.sql_files import is_pattern, sql_files
from reposgen.urls import url_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reposgen.diagnostics import Span

PYPROJECT_TABLE = ("tool", "reposgen")

_PASSWORD = re.compile(
    r"""(?P<before>[\w.%+-]*:)(?P<secret>(?!//)[^\s"']+)(?=@)"""
    r"""|(?P<setting>password\s*=\s*)(?P<value>[^\s"'&]+)"""
)


def load_config(
    path: Path, *, environ: Mapping[str, str], overrides: Overrides | None = None
) -> Config:
    """Read the configuration at `path`.

    Args:
        path: a codegen.toml or pyproject.toml.
        environ: variables for `${NAME}`.
        overrides: values that override the file's.

    Raises:
        ReposgenError: the configuration is invalid; contains all errors in it.
    """
    content = _read(path)
    text = _decoded(path, content)
    # What messages quote: a password that stands in the file is not repeated.
    source = SourceFile(path=path.name, text=_PASSWORD.sub(_starred, text))
    data = _parse(text, source)
    prefix: KeyPath = ()
    if path.name == PYPROJECT_NAME:
        prefix = PYPROJECT_TABLE
        data = _table(data, PYPROJECT_TABLE)
    places = locate(source, prefix)
    written = data.get("database")
    written = written.get("url") if isinstance(written, dict) else None
    overrides = overrides or Overrides()
    overrides.apply(data)
    variables = tuple(_variables(data))
    missing = [
        _missing_variable(name, key_path, places)
        for name, key_path in variables
        if name not in environ
    ]
    if missing:
        raise ReposgenError(missing)
    if problem := overrides.database_url and url_problem(
        str(_expand(overrides.database_url, environ))
    ):
        message, hint = problem
        origin = overrides.database_origin
        raise ReposgenError(
            [error("config-invalid-value", message, path=origin, hint=hint)]
        )
    try:
        sections = Sections.model_validate(_expand(data, environ))
    except ValidationError as invalid:
        raise ReposgenError(to_diagnostics(invalid, places)) from None
    made_from = Origin(path=path, overrides=overrides)
    used, plain = {name for name, _ in variables}, made_from.variables(content)
    root = made_from.root
    config = Config(
        root=root,
        file=path.name,
        database=sections.database,
        output=sections.output,
        packages=tuple(
            package.placed(partial(places.key, "package", index), root)
            for index, package in enumerate(sections.packages)
        ),
        places=places,
        url_place=_url_place(places, overrides),
        url_origin=_url_origin(written, overrides),
        digest=made_from.digest(content, environ) if used <= plain else None,
    )
    if problems := [*_repeated_names(config), *_missing_paths(config)]:
        raise ReposgenError(problems)
    return config


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failed:
        raise ReposgenError(
            [
                error(
                    "config-unreadable",
                    f"cannot be read: {failed.strerror}",
                    path=str(path),
                    hint="--config PATH names the file; reposgen init writes one",
                )
            ]
        ) from None


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failed:
        raise ReposgenError(
            [
                error(
                    "config-unreadable",
                    f"not UTF-8: byte {failed.start + 1} cannot be decoded",
                    path=path.name,
                    hint="save the file as UTF-8",
                )
            ]
        ) from None


def _starred(found: re.Match[str]) -> str:
    """Mask a password with stars, one per character, so that places stay right."""
    kept, secret = (
        found["before"] or found["setting"],
        found["secret"] or found["value"],
    )
    return kept + "".join(
        part if VARIABLE.fullmatch(part) else "*" * len(part)
        for part in re.split(r"(\$\{\w+\})", secret)
    )


def _parse(text: str, source: SourceFile) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as failed:
        message, _, place = str(failed).rpartition(" (at ")
        offset = len(text)
        if numbers := re.fullmatch(r"line (\d+), column (\d+)\)", place):
            line, column = int(numbers[1]), int(numbers[2])
            before = text.split("\n")[: line - 1]
            offset = sum(len(one) + 1 for one in before) + column - 1
        raise ReposgenError(
            [
                error(
                    "config-syntax",
                    message[:1].lower() + message[1:],
                    span=source.span(offset),
                )
            ]
        ) from None


def _table(data: dict[str, object], path: tuple[str, ...]) -> dict[str, object]:
    for name in path:
        inner = data.get(name)
        data = inner if isinstance(inner, dict) else {}
    return data


def _url_place(places: Locations, overrides: Overrides) -> Span | str | None:
    if overrides.database_url is not None:
        return overrides.database_origin
    path = ("database", "url")
    return places.value(*path) if (*places.prefix, *path) in places.found else None


def _url_origin(written: object, overrides: Overrides) -> str:
    if overrides.database_url is not None:
        return overrides.database_origin
    if isinstance(written, str) and (variable := VARIABLE.fullmatch(written)):
        return f"the environment variable {variable[1]}"
    return "[database] url"


def _expand(value: object, environ: Mapping[str, str]) -> object:
    match value:
        case str():
            return VARIABLE.sub(lambda found: environ[found[1]], value)
        case list():
            return [_expand(item, environ) for item in value]
        case dict():
            return {key: _expand(item, environ) for key, item in value.items()}
        case _:
            return value


def _variables(value: object, path: KeyPath = ()) -> Iterator[tuple[str, KeyPath]]:
    """Yield the name of each `${NAME}` in the file's strings, and the string's path."""
    match value:
        case str():
            for name in VARIABLE.findall(value):
                yield name, path
        case list():
            for index, item in enumerate(value):
                yield from _variables(item, (*path, index))
        case dict():
            for key, item in value.items():
                yield from _variables(item, (*path, key))


def _missing_variable(name: str, path: KeyPath, places: Locations) -> Diagnostic:
    span = places.value(*path)
    written = f"${{{name}}}"
    if (inside := span.text.find(written)) >= 0:
        start = span.start + inside
        span = span.source.span(start, start + len(written))
    return error(
        "config-missing-variable",
        f"the environment variable {name} is not set",
        span=span,
        hint=f"export {name}=…, or write the value here",
    )


def _repeated_names(config: Config) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for index, package in enumerate(config.packages):
        # Folders of the same name but for case are one folder on many disks.
        if package.name.lower() in seen:
            yield error(
                "config-duplicate-package",
                f'there is already a package "{package.name}"',
                span=config.places.value("package", index, "name"),
                hint="each package needs a name of its own; several folders of queries"
                ' can share one package: queries = ["a", "b"]',
            )
        seen.add(package.name.lower())


def _missing_paths(config: Config) -> Iterator[Diagnostic]:
    for index, package in enumerate(config.packages):
        written = package.statistics
        if written is not None and not (config.root / written).is_file():
            yield error(
                "config-missing-statistics",
                f'no file "{written}"',
                span=config.places.value("package", index, "statistics"),
                hint=f"write it: reposgen stats export URL -o {written}",
            )
        for key, paths in (
            ("schema", package.schema_paths or ()),
            ("queries", package.queries),
        ):
            for number, written in enumerate(paths):
                there = (config.root / written).exists()
                if is_pattern(written) and not there:
                    there = bool(sql_files(config.root, written))
                if not there:
                    what = "file matches" if is_pattern(written) else "file or folder"
                    yield error(
                        f"config-missing-{key}",
                        f'no {what} "{written}"',
                        span=config.places.value("package", index, key, number),
                        hint=f"paths are relative to the folder of {config.file}",
                    )
