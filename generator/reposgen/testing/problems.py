"""What a test is told instead of a traceback."""

from __future__ import annotations


class TestingError(Exception):
    """A test cannot have its database or its rows; the message says why.

    It has no password in it.
    """

    # pytest takes classes whose names begin like this for tests.
    __test__ = False
