"""What a test run's options say, and the project that they are about."""

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
        root: the folder that pytest calls rootdir.
        config: path of the configuration, relative to `root`; empty: found from there.
        server: the server's url; empty: that of the configuration.
        server_origin: what gives `server`, for messages.
        package: the package of tests that name none; empty: the only one.
        output: how tests import the output directory: `myapp.generated`; empty: from
            the nearest folder above it that is not a Python package.
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
            TestingError: it is missing or wrong.
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
        TestingError: there is none, or several.
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
    """Return how a folder of Python code is imported, and from where.

    `src/myapp/generated` is `myapp.generated` in `src` if `src/myapp` has an
    `__init__.py`.
    """
    names, folder = [output.name], output.parent
    while (folder / "__init__.py").is_file():
        names.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(names)), folder
