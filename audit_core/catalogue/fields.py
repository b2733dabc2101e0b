"""The fields that every catalogue has, as plain data: what a policy may name without asking a database.

A workspace's own columns are addressed as ``extra.NAME``. They are text, because no one has said otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["FIELDS", "Field", "FieldType", "field_named"]

FieldType = Literal["text", "multi", "integer", "duration", "date"]
"""``multi`` is text of which a track may have several; ``duration`` is stored in whole milliseconds."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the catalogue.

    Attributes
    ----------
    name : str
        As policies write it.
    type : FieldType
        What its values are.
    title : str
        As a sentence says it, lower case: "licence", "year of release".
    """

    name: str
    type: FieldType
    title: str


_EXTRA: Final = re.compile(r"extra\.\w[\w .:/-]{0,79}")

FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        field.name: field
        for field in (
            Field("key", "text", "key"),
            Field("title", "text", "title"),
            Field("artist", "multi", "artist"),
            Field("album", "text", "album"),
            Field("work", "text", "work"),
            Field("recording", "text", "recording"),
            Field("isrc", "text", "ISRC"),
            Field("iswc", "text", "ISWC"),
            Field("genre", "multi", "genre"),
            Field("language", "text", "language"),
            Field("region", "text", "region"),
            Field("year", "integer", "year"),
            Field("duration", "duration", "duration"),
            Field("sample_rate", "integer", "sample rate"),
            Field("channels", "integer", "number of channels"),
            Field("split", "text", "split"),
            Field("licence", "text", "licence"),
            Field("source", "text", "source"),
            Field("acquired", "date", "date of acquisition"),
            Field("acquired_by", "text", "name of who acquired it"),
            Field("tags", "multi", "tags"),
            Field("status", "text", "status"),
        )
    }
)


def field_named(name: str) -> Field | None:
    """Find a field by the name that policies write.

    Parameters
    ----------
    name : str
        One of `FIELDS`, or ``extra.NAME`` for a column of the workspace's own.

    Returns
    -------
    field : Field or None
        None if there is no such field.
    """
    if name in FIELDS:
        return FIELDS[name]
    if _EXTRA.fullmatch(name):
        return Field(name, "text", name.removeprefix("extra."))
    return None
