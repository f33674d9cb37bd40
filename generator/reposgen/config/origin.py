"""Where a configuration comes from: what can be known without validating it."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG_NAME = "codegen.toml"
PYPROJECT_NAME = "pyproject.toml"

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Values from options and environment that override the file; None for no override.

    Attributes:
        database_origin: where the url comes from, for messages.
    """

    database_url: str | None = None
    database_origin: str = "--database"
    output_directory: str | None = None

    def apply(self, data: dict[str, object]) -> None:
        """Put the values into the file's data, before it is expanded and validated."""
        for section, key, value in (
            ("database", "url", self.database_url),
            ("output", "directory", self.output_directory),
        ):
            table = data.setdefault(section, {})
            if value is not None and isinstance(table, dict):
                table[key] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a configuration is made from, besides environment variables.

    Attributes:
        path: a codegen.toml or pyproject.toml.
        overrides: values that override the file's.
    """

    path: Path
    overrides: Overrides

    @property
    def root(self) -> Path:
        """The project's folder, absolute."""
        return self.path.parent.absolute()

    def variables(self, content: bytes) -> frozenset[str]:
        """Return the environment variables that are named as they are, unescaped."""
        text = f"{content.decode(errors='replace')}{self.overrides.database_url}"
        return frozenset(VARIABLE.findall(text))

    def digest(self, content: bytes, environ: Mapping[str, str]) -> str:
        """Return a digest that is the same only if the configuration is the same.

        Args:
            content: content of the file.
            environ: variables for `${NAME}`.
        """
        given = self.overrides
        variables = {name: environ.get(name) for name in self.variables(content)}
        options = (given.database_url, given.database_origin, given.output_directory)
        facts = repr((self.root, self.path.name, options, sorted(variables.items())))
        digest = hashlib.sha256(facts.encode("utf-8", "surrogateescape"))
        digest.update(content)
        return digest.hexdigest()


def find_config(start: Path) -> Path:
    """Return the configuration file of the project that contains `start`.

    It is in the nearest parent folder with a codegen.toml, or with a pyproject.toml
    that has a [tool.reposgen] table.

    Raises:
        ReposgenError: there is no configuration.
    """
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
        pyproject = folder / PYPROJECT_NAME
        if pyproject.is_file() and b"tool.reposgen" in pyproject.read_bytes():
            return pyproject
    raise ReposgenError(
        [
            error(
                "config-not-found",
                f"neither {CONFIG_NAME} nor a {PYPROJECT_NAME} with [tool.reposgen]"
                " here or in a folder above",
                hint="reposgen init creates a new project; --config PATH"
                " names a file elsewhere",
            )
        ]
    )
