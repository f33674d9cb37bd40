"""Notices in which the server sends its query trees."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.errors import Diagnostic

# Any user can change these settings.
_TREES_ON = (
    b"SET debug_print_rewritten = on; SET debug_pretty_print = off;"
    b" SET client_min_messages = log; SET client_encoding = 'UTF8'"
)
_TREES_OFF = (
    b"RESET debug_print_rewritten; RESET debug_pretty_print; RESET client_min_messages"
)
_TREE_START = "({QUERY"


@contextmanager
def keeping_trees(connection: psycopg.Connection[Any]) -> Iterator[list[str]]:
    """Make the server send the trees of all statements that it parses in the block.

    Yields:
        The trees that have arrived, the oldest first. The caller removes those that it
        has assigned to a statement.
    """
    pending: list[str] = []

    def keep_tree(notice: Diagnostic) -> None:
        # The message is localized, the tree is not. The notice's fields cannot be read
        # after this function returns.
        detail = notice.message_detail
        if detail and detail.startswith(_TREE_START):
            pending.append(detail)

    connection.add_notice_handler(keep_tree)
    try:
        connection.execute(_TREES_ON)
        pending.clear()
        yield pending
        connection.execute(_TREES_OFF)
    finally:
        connection.remove_notice_handler(keep_tree)
