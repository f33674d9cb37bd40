"""Enums of a database that can be newer than the code."""

from __future__ import annotations

from enum import StrEnum


class OpenEnum(StrEnum):
    """Enum whose last member stands for the labels that the code does not know.

    They are read as that member, which cannot be written: it is no label.
    """
