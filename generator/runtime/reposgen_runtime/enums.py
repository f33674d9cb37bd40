"""Enums whose labels in the database can be newer than the code."""

from __future__ import annotations

from enum import StrEnum


class OpenEnum(StrEnum):
    """Enum whose last member stands for labels that the code does not know.

    Unknown labels are read as that member. The member cannot be written.
    """
