"""What generated packages run on: needs psycopg and the standard library alone."""

from .infinity import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    TIMESTAMPTZ_INFINITY,
    TIMESTAMPTZ_MINUS_INFINITY,
)
from .notifications import Notification, Reconnected
from .pages import Key, Ordering, Page
from .settings import Settings
from .statement import (
    UNSET,
    CommandResult,
    Composite,
    CopyInto,
    Json,
    JsonInput,
    Optimistic,
    Package,
    Statement,
    Unset,
)
from .variants import OrderBy, Some, Variants, When

__all__ = [
    "DATE_INFINITY",
    "DATE_MINUS_INFINITY",
    "TIMESTAMPTZ_INFINITY",
    "TIMESTAMPTZ_MINUS_INFINITY",
    "TIMESTAMP_INFINITY",
    "TIMESTAMP_MINUS_INFINITY",
    "UNSET",
    "CommandResult",
    "Composite",
    "CopyInto",
    "Json",
    "JsonInput",
    "Key",
    "Notification",
    "Optimistic",
    "OrderBy",
    "Ordering",
    "Package",
    "Page",
    "Reconnected",
    "Settings",
    "Some",
    "Statement",
    "Unset",
    "Variants",
    "When",
]
