r"""How the catalogue writes the paths of files: with a slash, and as text that any database keeps.

The name of a file is bytes. Most are UTF-8 and stand as they are. What a database would refuse, or an import would
trim, is written byte by byte as ``\xNN``: bytes that are no UTF-8, control characters (line ends among them), white
space at either end of a name, and a backslash where it would be read as the beginning of such a byte. So every name has
one spelling, and every spelling one name.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["escapes", "spelled", "unspelled"]

_BYTE: Final = re.compile(rb"\\x([0-9a-f]{2})")
_MISREAD: Final = re.compile(r"\\(?=x[0-9a-f]{2})")
_PLAIN: Final = re.compile(r"[!-.0-\[\]-~]+(?:[ /][!-.0-\[\]-~]+)*")  # ASCII, no backslash, no blank beside a slash
_UNKEPT: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def spelled(path: str) -> str:
    """Write the path of a file, as `os.fsdecode` gives it, in the catalogue's spelling."""
    if _PLAIN.fullmatch(path):
        return path
    return "/".join(map(_name, path.split("/")))


def unspelled(text: str) -> str:
    """Give the path that `spelled` wrote; a path that needs no spelling is given as it is."""
    if "\\x" not in text:
        return text
    content = _BYTE.sub(lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "surrogateescape"))
    return content.decode("utf-8", "surrogateescape")


def escapes(path: str) -> bool:
    """Tell whether a path, not spelled, leads out of a folder by its mere words: absolute, an address, or by ``..``."""
    return path.startswith("/") or "://" in path or ".." in path.split("/")


def _name(name: str) -> str:
    name = _UNKEPT.sub(lambda found: _bytes(found[0]), _MISREAD.sub(r"\\x5c", name))
    inner = name.strip()
    start = name.index(inner) if inner else len(name)
    return _bytes(name[:start]) + inner + _bytes(name[start + len(inner) :])


def _bytes(letters: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in letters.encode("utf-8", "surrogateescape"))
