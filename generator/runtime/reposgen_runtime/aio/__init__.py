"""Run time for asyncio; rarely used modules are imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from .database import Database
from .executor import Source
from .runner import Runner
from .tenant import Tenant
from .transaction import Transaction

if TYPE_CHECKING:
    from .copying import Export
    from .listener import Listener
    from .pipeline import Pipeline, PipelineResult
    from .savepoints import Savepoint
    from .stream import Stream

__all__ = [
    "Database",
    "Export",
    "Listener",
    "Pipeline",
    "PipelineResult",
    "Runner",
    "Savepoint",
    "Source",
    "Stream",
    "Tenant",
    "Transaction",
]

_FEATURES: Final = {
    "Export": "copying",
    "Listener": "listener",
    "PipelineResult": "pipeline",
    "Pipeline": "pipeline",
    "Savepoint": "savepoints",
    "Stream": "stream",
}


def __getattr__(name: str) -> object:
    if name not in _FEATURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_FEATURES[name]}", __name__), name)
