"""From codegen.toml to `Config`: inputs, database and output of a project."""

from reposgen.config.load import Overrides, find_config, load_config
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
    "OutputConfig",
    "Overrides",
    "PackageConfig",
    "RuntimeKind",
    "find_config",
    "load_config",
]
