"""Errors that tests show without a traceback."""

from __future__ import annotations


class TestingError(Exception):
    """A test cannot get its database or rows; the message gives the reason.

    The message contains no password.
    """

    # pytest takes classes whose names begin like this for tests.
    __test__ = False
