"""Exit statuses."""

from enum import IntEnum


class Status(IntEnum):
    """Exit status of a command."""

    FINE = 0
    FINDINGS = 1
    COULD_NOT_RUN = 2
    INTERRUPTED = 130
