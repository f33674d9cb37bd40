"""From codegen.toml to `Config`: inputs, database and output of a project."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from reposgen.config.origin import Origin, Overrides, find_config

if TYPE_CHECKING:
    from reposgen.config.load import load_config
    from reposgen.config.model import (
        Api,
        Config,
        DatabaseConfig,
        ModelKind,
        OneRow,
        OutputConfig,
        PackageConfig,
        RuntimeKind,
    )

__all__ = [
    "Api",
    "Config",
    "DatabaseConfig",
    "ModelKind",
    "OneRow",
    "Origin",
    "OutputConfig",
    "Overrides",
    "PackageConfig",
    "RuntimeKind",
    "find_config",
    "load_config",
]


def __getattr__(name: str) -> object:
    # Only a run that validates a configuration loads pydantic.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "load" if name == "load_config" else "model"
    return getattr(import_module(f".{module}", __name__), name)
