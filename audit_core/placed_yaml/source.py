"""YAML in which every value still knows its line and column; the part of YAML that people's files need, and no more.

Refused: anchors, aliases, tags, several documents, tabs, keys twice or without text, and empty values. A file whose
dialect is of texts is read so to the letter. In others, read are text, whole numbers, decimals, true and false (a date
or a time of day stays the text that it is); and refused are numbers that begin with 0, and the words that YAML 1.1
turns into true and false: ``no`` is a country, too.

The parser works event by event, so that a file too deep or too long is refused before it is built.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from audit_core.errors import CratecheckError, Location, Problems
from audit_core.placed_yaml.builder import MAX_DEPTH, MAX_NODES, TRUE_OR_FALSE, Builder, refused
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.lines import Lines
from audit_core.placed_yaml.mistakes import Mistake, Steps
from audit_core.placed_yaml.places import Mark, Place, is_broken, mark_of, spot_of
from audit_core.placed_yaml.stumbles import in_plain_words

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "SourceFile", "load", "parse"]

MAX_BYTES: Final = 1_000_000

_INVISIBLE: Final = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xa0\u200b\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_INVISIBLE_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read.

    Attributes
    ----------
    lines : Lines
        The file's lines, to show in messages.
    text : str
        To the letter.
    sha256 : str
        Of the bytes, hexadecimal.
    values : object
        What it holds: dictionaries, lists and plain values; None where a value was refused.
    place : Place or int
        Where it stands.
    mistakes : tuple of CratecheckError
        What was refused on the way. The values at those places are marked as broken.
    """

    lines: Lines
    text: str
    sha256: str
    values: Any
    place: Place | int
    mistakes: tuple[CratecheckError, ...]

    def plain(self) -> Any:
        """Give the values without their places."""
        return self.values

    def find(self, path: Steps, *, at_key: bool = False) -> tuple[Mark, bool]:
        """Find the place of a value.

        Parameters
        ----------
        path : tuple of (str or int)
            Keys and list positions from the root. A step that leads nowhere is skipped.
        at_key : bool
            Whether to give the place of the last key, and not of what it holds.

        Returns
        -------
        mark : Mark
            The place.
        broken : bool
            Whether something on the way was refused already, so that there is nothing more to say about it.
        """
        place = self.place
        at = of_place = spot_of(place)
        on_the_way = of_place
        for step in path:
            if isinstance(place, Place) and (found := place.below.get(step)) is not None:
                of_place = found if isinstance(found, int) else found.spot
                at = place.keys.get(str(step), of_place) if at_key else of_place
                on_the_way |= of_place & 1
                place = found
        return mark_of(at), is_broken(on_the_way)

    def offer(self, path: Steps, choices: Collection[str]) -> None:
        """Name what may stand at a place, if what stands there was refused for meaning true or false to some."""
        mark, broken = self.find(path)
        for mistake in self.mistakes if broken else ():
            here = mistake.at and (mistake.at.line, mistake.at.column) == (mark.line, mark.column)
            if here and TRUE_OR_FALSE in mistake.what:
                mistake.mend = f"Choose from: {', '.join(choices)}."

    def any_broken_in(self, path: Steps) -> bool:
        """Tell whether a value directly below a place was refused already, so that nobody knows what it would say."""
        place: Place | int | None = self.place
        for step in path:
            place = place.below.get(step) if isinstance(place, Place) else None
        return isinstance(place, Place) and any(is_broken(below) for below in place.below.values())

    def location(self, path: Steps) -> Location:
        """Give the place of a value, as messages write it."""
        mark, _ = self.find(path)
        return Location(self.lines.path, mark.line, mark.column)

    def told(self, mistakes: Iterable[Mistake], path: Steps = ()) -> Iterator[CratecheckError]:
        """Give mistakes of the value at `path` their places; but for places that were refused already."""
        for mistake in mistakes:
            mark, broken = self.find(path + mistake.path, at_key=mistake.at_key)
            if not broken:
                yield self.lines.mistake(mistake.what, mark, mistake.mend)


def load(path: Path, dialect: Dialect) -> SourceFile:
    """Read a file.

    Raises
    ------
    Problems
        If it can't be read as YAML at all. Smaller mistakes are kept in `SourceFile.mistakes`, so that they can be
        told together with what a look at the contents finds.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise Problems([dialect.error(f"can't be read: {why}", at=Location(str(path)))]) from error
    return parse(content, str(path), dialect)


def parse(content: bytes, path: str, dialect: Dialect) -> SourceFile:
    """Read the bytes of a file, as `load` does.

    Parameters
    ----------
    content : bytes
        UTF-8, with or without a byte order mark.
    path : str
        The name that messages give to it.
    dialect : Dialect
        What kind of file it is.
    """
    if len(content) > MAX_BYTES:
        mend = f"A {dialect.one} is a page of text: is this one?"
        raise Problems([dialect.error("larger than 1 MB", at=Location(path), mend=mend)])
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        at = Location(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise Problems([dialect.error("not UTF-8 text", at=at, mend="Save the file as UTF-8.")]) from error
    lines = Lines.of(path, text, dialect)
    _refuse_invisible(lines)
    builder = Builder(lines)
    try:
        values, place = builder.build(lines.text)
    except yaml.YAMLError as error:
        stumble = in_plain_words(lines, error)
        others = [mistake for mistake in builder.mistakes if mistake.at != stumble.at]
        raise Problems([*others, stumble]) from error
    sha256 = hashlib.sha256(content).hexdigest()
    return SourceFile(lines, text, sha256, values, place, tuple(builder.mistakes))


def _refuse_invisible(lines: Lines) -> None:
    """Refuse what an eye can't see, or sees in another order than a program does."""
    if not _INVISIBLE.search(lines.text):
        return
    mistakes: list[CratecheckError] = []
    for number, line in enumerate(lines.lines, start=1):
        if (found := _INVISIBLE.search(line)) and len(mistakes) < _INVISIBLE_TOLD:
            what, mend = _invisible(found[0], lines.dialect)
            if lines.dialect.texts and not refused(lines.dialect, found[0]):
                mend += f' If it is meant, write "{found[0].encode("unicode_escape").decode()}" in double quotes.'
            mistakes.append(lines.mistake(what, Mark(number, found.start() + 1), mend))
    if mistakes:
        raise Problems(mistakes)


def _invisible(letter: str, dialect: Dialect) -> tuple[str, str]:
    match letter:
        case "\t":
            return "a tab", f"{dialect.many.capitalize()} are indented with spaces{dialect.of_tabs}."
        case "\xa0":
            return "a no-break space", "Word processors put it in: type an ordinary space instead."
        case "\0":
            return "a NUL byte", "This is not a text file, or it is damaged."
        case _:
            return f"an invisible character (U+{ord(letter):04X})", "Delete it, and type the place again."
