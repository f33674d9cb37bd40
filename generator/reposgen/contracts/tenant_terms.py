"""What names the tenant in a statement: a parameter, or the setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.agreement import bare
from reposgen.live_schema.tree import expressions as e
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

_CURRENT_SETTING = frozenset({2077, 3294})  # current_setting(text), (text, boolean)
_HEADER = 4  # bytes of a text's length
_CAST = frozenset({1, 2})  # `CoercionForm`: explicit, implicit


@dataclass(frozen=True, slots=True)
class ParameterTenant:
    """The parameter `$number` names the tenant."""

    number: int


@dataclass(frozen=True, slots=True)
class SettingTenant:
    """A session setting names the tenant."""

    name: str


Tenant = ParameterTenant | SettingTenant


def tenant_of(
    node: e.Expression, setting: str | None, accessors: Collection[int]
) -> Tenant | None:
    """Return the tenant that an expression is, or None if it is not one.

    Args:
        node: an expression.
        setting: the name of the setting that holds the tenant, if there is one.
        accessors: oids of functions that return the setting.
    """
    node = _without_length(bare(node))
    if isinstance(node, e.Param) and node.kind is e.ParamKind.EXTERNAL:
        return ParameterTenant(node.number)
    if setting is not None and _is_setting(node, setting, accessors):
        return SettingTenant(setting)
    return None


def _without_length(node: e.Expression) -> e.Expression:
    """Return the value that a column's length is applied to when it is assigned."""
    match node:
        case e.FuncExpr(form=2, args=(e.Param(type=given) as inner, *_), type=given_to):
            return inner if given == given_to else node
        case e.Coerce(kind=e.Coercion.DOMAIN, arg=arg):
            return bare(arg)
        case _:
            return node


def _is_setting(node: e.Expression, setting: str, accessors: Collection[int]) -> bool:
    match node:
        case e.Coerce(arg=arg):
            return _is_setting(arg, setting, accessors)
        case e.NullIfExpr(args=(arg, e.Const())):
            return _is_setting(arg, setting, accessors)
        case e.FuncExpr(function=function, args=(e.Const(value=value), *_)) if (
            function in _CURRENT_SETTING
        ):
            name = (value or b"")[_HEADER:].decode("utf-8", "replace")
            return name.lower() == setting.lower()
        case e.FuncExpr(function=function, args=()):
            return function in accessors
        case e.FuncExpr(form=form, args=(arg, *_)) if form in _CAST:
            return _is_setting(arg, setting, accessors)
        case _:
            return False
