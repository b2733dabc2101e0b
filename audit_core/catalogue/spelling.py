"""When two spellings are one name: letter case, width and spacing make no difference."""

from __future__ import annotations

import unicodedata

__all__ = ["folded"]


def folded(text: str) -> str:
    """Give the form by which names are compared.

    NFKC, casefolded, runs of white space as one blank. Folding twice changes nothing: casefolding can undo NFKC, so
    both are done again.

    Examples
    --------
    >>> folded("  ＮＩＮＡ  Simone ")
    'nina simone'
    """
    if text.isascii():  # most names; NFKC changes nothing of them
        return " ".join(text.casefold().split())
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).split())
