"""Library that generated packages import; it needs only psycopg and psycopg_pool."""

from .breaker import Breaker, BreakerChange, BreakerState
from .compatibility import IncompatibleRuntime, __version__, require_api
from .infinity import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    TIMESTAMPTZ_INFINITY,
    TIMESTAMPTZ_MINUS_INFINITY,
)
from .notifications import InvalidPayload, Notification, Reconnected
from .pages import Key, Ordering, Page
from .settings import Settings
from .statement import (
    UNSET,
    Argument,
    Buffering,
    Cached,
    CommandResult,
    Composite,
    CopyInto,
    EachOf,
    Json,
    JsonInput,
    Optimistic,
    Package,
    Result,
    Rows,
    Statement,
    Unset,
)
from .statistics import (
    Health,
    ReplicaState,
    ReplicaStatistics,
    ServerStatistics,
    Statistics,
)
from .variants import OptionalClause, OrderBy, RequireAny, Variants
from .vectors import SparseVector

__all__ = [
    "DATE_INFINITY",
    "DATE_MINUS_INFINITY",
    "TIMESTAMPTZ_INFINITY",
    "TIMESTAMPTZ_MINUS_INFINITY",
    "TIMESTAMP_INFINITY",
    "TIMESTAMP_MINUS_INFINITY",
    "UNSET",
    "Argument",
    "Breaker",
    "BreakerChange",
    "BreakerState",
    "Buffering",
    "Cached",
    "CommandResult",
    "Composite",
    "CopyInto",
    "EachOf",
    "Health",
    "IncompatibleRuntime",
    "InvalidPayload",
    "Json",
    "JsonInput",
    "Key",
    "Notification",
    "Optimistic",
    "OptionalClause",
    "OrderBy",
    "Ordering",
    "Package",
    "Page",
    "Reconnected",
    "ReplicaState",
    "ReplicaStatistics",
    "RequireAny",
    "Result",
    "Rows",
    "ServerStatistics",
    "Settings",
    "SparseVector",
    "Statement",
    "Statistics",
    "Unset",
    "Variants",
    "__version__",
    "require_api",
]
