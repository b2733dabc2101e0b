"""What kind of file is read: how its values are taken, and how messages speak of it."""

from __future__ import annotations

from dataclasses import dataclass

from audit_core.errors import CratecheckError

__all__ = ["Dialect"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A kind of file.

    Attributes
    ----------
    error : type of CratecheckError
        What its mistakes are.
    one, many : str
        What one and several of such files are called: "policy", "policies".
    begins : str or None
        How it begins; None if it may be empty.
    of_tabs : str
        What to say, besides, of a tab.
    texts : bool
        Whether each value is the text that it looks like: ``no`` is a word then, and ``3.0`` is not the number 3.
    controls : bool
        Whether an escape may write a control character, such as one that separates columns; never NUL.
    """

    error: type[CratecheckError]
    one: str
    many: str
    begins: str | None = None
    of_tabs: str = ""
    texts: bool = False
    controls: bool = False
