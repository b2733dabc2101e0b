"""Compiling the inner loops, once for all processes: what numba makes of them is kept beside the source."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

__all__ = ["compiled"]

P = ParamSpec("P")
T = TypeVar("T")


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a function of numbers and arrays to machine code, under its own signature for the type checker."""
    return cast("Callable[P, T]", njit(cache=True, nogil=True)(function))
