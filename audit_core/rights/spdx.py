"""SPDX: which identifiers its list knows, and how an expression is built.

The names come from the index inside license-expression, the structure from its parser. Both are kept apart, since that
parser turns anything that looks like a word into a licence; here each name is looked up first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from license_expression import AND, OR, ExpressionError, LicenseWithExceptionSymbol, Licensing, get_spdx_licensing

__all__ = ["evaluate", "exception_named", "licence_formerly", "licence_named", "names", "rendered"]

_T = TypeVar("_T")
_STRUCTURE = Licensing()


def names() -> tuple[str, ...]:
    """All identifiers of the list, exceptions included, sorted."""
    return tuple(sorted(_index()))


def licence_named(text: str) -> str | None:
    """Look a licence up by its identifier, in any case; None if the list has none."""
    return _by_name(exceptions=False).get(text.casefold())


def licence_formerly(text: str) -> str | None:
    """Look a licence up by an identifier that it had once, such as ``GPL-3.0``; None if it never was one."""
    return _former().get(text.casefold())


def exception_named(text: str) -> str | None:
    """Look an exception up, such as stands behind WITH."""
    return _by_name(exceptions=True).get(text.casefold())


def rendered(expression: str) -> str:
    """Write an expression in one way: operators in capitals, parentheses only where they are needed.

    Raises
    ------
    ValueError
        If it isn't built as an expression is.
    """
    return str(_tree(expression))


def evaluate(expression: str, *, one: Callable[[str], _T], all_of: Callable[..., _T], any_of: Callable[..., _T]) -> _T:
    """Work an expression out from its licences upwards.

    Parameters
    ----------
    expression : str
        Such as ``MIT OR GPL-2.0-only WITH Classpath-exception-2.0``.
    one : callable
        Makes the value of a licence; what follows WITH is left out.
    all_of, any_of : callable
        Combine the values on the sides of AND and of OR.

    Raises
    ------
    ValueError
        If it isn't built as an expression is.
    """

    def value(node: Any) -> _T:
        if isinstance(node, AND | OR):
            combine = all_of if isinstance(node, AND) else any_of
            return combine(*(value(side) for side in node.args))
        return one(str(node.license_symbol if isinstance(node, LicenseWithExceptionSymbol) else node))

    return value(_tree(expression))


def _tree(expression: str) -> Any:
    try:
        tree = _STRUCTURE.parse(expression, simple=True)
    except (ExpressionError, IndexError, AssertionError) as error:  # the last two: "( )" and "( AND MIT"
        raise ValueError(f"not an expression: {expression}") from error
    if tree is None:
        raise ValueError("an empty expression")
    return tree


@cache
def _index() -> dict[str, Any]:
    return dict(get_spdx_licensing().known_symbols)


@cache
def _by_name(*, exceptions: bool) -> dict[str, str]:
    return {key.casefold(): key for key, symbol in _index().items() if symbol.is_exception is exceptions}


@cache
def _former() -> dict[str, str]:
    licences = [symbol for symbol in _index().values() if not symbol.is_exception]
    return {alias.casefold(): symbol.key for symbol in licences for alias in symbol.aliases}
