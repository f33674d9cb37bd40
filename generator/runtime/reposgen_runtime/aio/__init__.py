"""The runtime for asyncio."""

from .copying import Export
from .database import Database
from .listener import Listener
from .pipeline import Pending, Pipeline
from .runner import Runner
from .savepoints import Savepoint
from .source import Source
from .stream import Stream
from .tenant import Tenant
from .transaction import Transaction

__all__ = [
    "Database",
    "Export",
    "Listener",
    "Pending",
    "Pipeline",
    "Runner",
    "Savepoint",
    "Source",
    "Stream",
    "Tenant",
    "Transaction",
]
