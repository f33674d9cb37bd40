"""Options of a test run, and the project that they refer to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reposgen.config import Overrides, find_config, load_config
from reposgen.diagnostics import ReposgenError
from reposgen.models import dataclass
from reposgen.testing.problems import TestingError

if TYPE_CHECKING:
    from pathlib import Path

    from reposgen.config import Config, PackageConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the plugin.

    Attributes:
        root: pytest's rootdir.
        config: path of the configuration, relative to `root`; empty to search from
            there.
        server: the server's url; empty for that of the configuration.
        server_origin: where `server` comes from, for messages.
        package: package of tests that name none; empty for the only one.
        output: import path of the output directory: `myapp.generated`; empty to start
            at the nearest parent folder that is not a Python package.
    """

    root: Path
    config: str = ""
    server: str = ""
    server_origin: str = ""
    package: str = ""
    output: str = ""

    def load(self) -> Config:
        """Read the configuration.

        Raises:
            TestingError: the configuration is missing or invalid.
        """
        overrides = None
        if self.server:
            overrides = Overrides(
                database_url=self.server, database_origin=self.server_origin
            )
        try:
            path = self.root / self.config if self.config else find_config(self.root)
            return load_config(path, environ=os.environ, overrides=overrides)
        except ReposgenError as failed:
            raise TestingError(str(failed)) from None


def chosen_package(config: Config, name: str) -> PackageConfig:
    """Return the package of that name, or the only one if the name is empty.

    Raises:
        TestingError: the package does not exist, or the name is empty and there are
            several packages.
    """
    packages = {package.name: package for package in config.packages}
    available = ", ".join(packages)
    if name:
        if name not in packages:
            raise TestingError(
                f'{config.file} has no package "{name}"\n'
                f"hint: available packages: {available}"
            )
        return packages[name]
    if len(packages) > 1:
        raise TestingError(
            f"{config.file} has several packages, and the test does not say which one"
            f" it is about: {available}\n"
            'hint: mark the test with @pytest.mark.reposgen(package="…"), or set'
            " reposgen_package in pytest's configuration"
        )
    return config.packages[0]


def import_path(output: Path) -> tuple[str, Path]:
    """Return the import path of a folder of Python code, and the folder to import from.

    `src/myapp/generated` is `myapp.generated` in `src` if `src/myapp` has an
    `__init__.py`.
    """
    names, folder = [output.name], output.parent
    while (folder / "__init__.py").is_file():
        names.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(names)), folder
