"""Settings of private servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Nobody but the server's user reaches it.
PRIVATE: Mapping[str, str] = {
    # First, so that what is wrong with the others is said without a date.
    "log_line_prefix": "",
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "lc_messages": "C",
}
# The data can be made again, so nothing waits for the disk.
SETTINGS: Mapping[str, str] = {
    **PRIVATE,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Two segments: the cache stays small.
    "min_wal_size": "8MB",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "64MB",
    # Descriptions ask for trees of every statement: they are for the client alone.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
