"""How licence texts are spelled: what differs between two texts of one meaning, and what is shown of them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

__all__ = ["MAX_LENGTH", "Unread", "address", "key", "tidy"]

MAX_LENGTH: Final = 1_000
"""Characters up to which a text is read. The longest official name with its link and boilerplate has 350."""

_AROUND: Final = " .,;:\"'"
_DECOMPOSES_TO_MANY: Final = 4
_BETWEEN_WORDS: Final = re.compile(r"[\s\-_,:]+")
_ADDRESS: Final = re.compile(r"(https?://)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?::\d+)?(/\S*)?")
_PAGE_OF_A_LICENCE: Final = re.compile(r"/(?:deed|legalcode|rdf)(?:[.\-_][a-z0-9.\-_]*)?$")


class Unread(Exception):
    """A text that is no known licence. The message says why, for a person, without a full stop."""


def tidy(text: str) -> str:
    """Take out what the eye doesn't see: odd spaces, invisible letters, typographic hyphens, quotes around it.

    Raises
    ------
    Unread
        If the text is longer than `MAX_LENGTH` or holds control characters.
    """
    if len(text) > MAX_LENGTH:
        raise Unread(f"it is {len(text):,} characters long, and a licence is read from {MAX_LENGTH:,} at most")
    letters = []
    for letter in unicodedata.normalize("NFKC", text)[: MAX_LENGTH * _DECOMPOSES_TO_MANY]:
        category = unicodedata.category(letter)
        if letter.isspace():
            letters.append(" ")
        elif category in {"Cc", "Cs", "Cn", "Co"}:
            raise Unread("it holds characters that are no text")
        elif category == "Pd":
            letters.append("-")
        elif category in {"Pi", "Pf"}:
            letters.append('"')
        elif category != "Cf":
            letters.append(letter)
    line = " ".join("".join(letters).split())
    return line.strip(_AROUND) or line


def key(text: str) -> str:
    """Reduce a text to what alone counts when two are compared: as an address if it is one, else its words."""
    return address(text) or _BETWEEN_WORDS.sub(" ", text).strip().casefold() or text.strip()


def address(text: str) -> str | None:
    """Reduce a web address to host and path, lower case; None if the text is no address.

    The language and the form of a Creative Commons page don't count: a deed in German is not the German licence.
    """
    found = _ADDRESS.fullmatch(re.split(r"[?#]", unquote(text.strip()).lower(), maxsplit=1)[0])
    if not found or not (found[1] or found[3]):
        return None
    host, path = found[2], re.sub(r"/{2,}", "/", found[3] or "").rstrip("/")
    if host == "creativecommons.org":
        path = _PAGE_OF_A_LICENCE.sub("", path)
    return host + path
