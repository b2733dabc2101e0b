"""A part of a file, as players ask for it when somebody drags the slider.

https://www.rfc-editor.org/rfc/rfc9110#section-14: one range of bytes; whatever else is asked for gets the whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

__all__ = ["partial_content"]

_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def partial_content(content: bytes, asked: str | None, headers: Mapping[str, str], mimetype: str) -> Response:
    """Answer with the bytes that were asked for.

    Parameters
    ----------
    content : bytes
        The whole file.
    asked : str or None
        The header ``Range``.
    headers : mapping
        That the answer bears in any case.
    mimetype : str
    """
    headers = {**headers, "Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(asked or "")
    if found is None or found.group(0) == "bytes=-":
        return Response(content, 200, headers, mimetype)
    first, last = found.groups()
    if first:
        begin, end = int(first), min(int(last) + 1 if last else len(content), len(content))
    else:  # so many from the end
        begin, end = max(0, len(content) - int(last)), len(content)
    if begin >= end:
        return Response(b"", 416, {**headers, "Content-Range": f"bytes */{len(content)}"})
    where = {"Content-Range": f"bytes {begin}-{end - 1}/{len(content)}"}
    return Response(content[begin:end], 206, {**headers, **where}, mimetype)
