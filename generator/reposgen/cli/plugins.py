"""Plugins of pydantic, which a run of reposgen does not load.

Those that are installed beside reposgen would observe the validation of codegen.toml,
which can contain passwords, and can take longer to import than a run.
"""

from __future__ import annotations

import os
from typing import Final

_VARIABLE: Final = "PYDANTIC_DISABLE_PLUGINS"
_given: Final = os.environ.get(_VARIABLE)


def disable_plugins() -> None:
    """Disable all plugins, unless the user has chosen which."""
    if _given is None:
        os.environ[_VARIABLE] = "__all__"


def environment_of_programs() -> dict[str, str]:
    """Return the environment for a program that the user runs, with its plugins."""
    environment = dict(os.environ)
    if _given is None:
        environment.pop(_VARIABLE, None)
    return environment
