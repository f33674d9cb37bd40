"""Declarations about a package's queries."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Declarations in a package's options that the database does not contain.

    Attributes:
        null_elements: True if arrays can have NULL elements unless a proof or a
            declaration excludes them.
        types: the Python types of SQL types, columns, and columns and parameters of
            queries, as written: `tasks.tags` → `list[str | None]`. Only lists are used.
        takes_first: True if `:one` returns the first of several rows.
        tenant: the setting that row-level security reads; None without tenants.
    """

    null_elements: bool = True
    types: Mapping[str, str] = field(default_factory=dict)
    takes_first: bool = False
    tenant: str | None = None
