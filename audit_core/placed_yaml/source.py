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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from audit_core.errors import CratecheckError, Location, Problems
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.lines import Lines
from audit_core.placed_yaml.mistakes import Mistake, Steps
from audit_core.placed_yaml.nodes import Entry, Mapping, Mark, Node, Scalar, Sequence, plain
from audit_core.placed_yaml.stumbles import in_plain_words
from audit_core.wording import quoted

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "SourceFile", "load", "parse"]

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 32
MAX_NODES: Final = 50_000

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL: Final = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})\.\d{1,18}", re.ASCII)
_LEADING_ZERO: Final = re.compile(r"[-+]?0\d+", re.ASCII)
_TRUE_OR_FALSE_TO_SOME: Final = frozenset({"yes", "no", "on", "off", "true", "false"})
_INVISIBLE: Final = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xa0\u200b\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_INVISIBLE_TOLD: Final = 20
#: What an escape may write that PostgreSQL does not keep as text.
_NUL: Final = re.compile("\x00")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_NOT_REPEATED: Final = "Write things out each time. If it begins a name, put the name in quotes."
_COMMENT: Final = 'What follows "#" is a comment: put the value in quotes, as in "#data-audit".'


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
    root : Node
        What it holds.
    mistakes : tuple of CratecheckError
        What was refused on the way. The values at those places are marked as broken.
    """

    lines: Lines
    text: str
    sha256: str
    root: Node
    mistakes: tuple[CratecheckError, ...]

    def plain(self) -> Any:
        """Give the values without their places."""
        return plain(self.root)

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
        node, mark, broken = self.root, self.root.mark, self.root.broken
        for step in path:
            if isinstance(node, Mapping) and (entry := node.entry(step)):
                node, mark = entry.node, entry.mark if at_key else entry.node.mark
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                mark = node.mark
            broken = broken or node.broken
        return mark, broken

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
    builder = _Builder(lines)
    try:
        root = builder.build(text.removeprefix("\ufeff"))
    except yaml.YAMLError as error:
        raise Problems([*builder.mistakes, in_plain_words(lines, error)]) from error
    return SourceFile(lines, text, hashlib.sha256(content).hexdigest(), root, tuple(builder.mistakes))


def _refuse_invisible(lines: Lines) -> None:
    """Refuse what an eye can't see, or sees in another order than a program does."""
    mistakes: list[CratecheckError] = []
    for number, line in enumerate(lines.lines, start=1):
        if (found := _INVISIBLE.search(line)) and len(mistakes) < _INVISIBLE_TOLD:
            what, mend = _invisible(found[0], lines.dialect)
            if lines.dialect.texts and not _refused(lines.dialect, found[0]):
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


def _refused(dialect: Dialect, text: str) -> re.Match[str] | None:
    """Find a character that can't be meant, however it is written."""
    return (_NUL if dialect.controls else _CONTROL).search(text)


class _Builder:
    """Builds the nodes of one document from the parser's events."""

    def __init__(self, lines: Lines) -> None:
        self.mistakes: list[CratecheckError] = []
        self._lines = lines
        self._dialect = lines.dialect
        self._nodes = 0
        self._events: Iterator[yaml.Event] = iter(())

    def build(self, text: str) -> Node:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        next(self._events)  # the stream starts
        if isinstance(next(self._events), yaml.StreamEndEvent):
            if self._dialect.begins is None:
                return Mapping({}, Mark(1, 1))
            mend = f"A {self._dialect.one} begins with `{self._dialect.begins}`."
            self._refuse("nothing in this file", Mark(1, 1), mend)
            raise Problems(self.mistakes)
        root = self._node(next(self._events), depth=1)
        next(self._events)  # the document ends
        if not isinstance(more := next(self._events), yaml.StreamEndEvent):
            mend = f"One file holds one {self._dialect.one}: split it."
            self._refuse("a second document begins here", _mark(more), mend)
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        mark = _mark(event)
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            what = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_NODES:,} values"
            self._refuse(what, mark, f"No {self._dialect.one} needs that.")
            raise Problems(self.mistakes)
        match event:
            case yaml.AliasEvent():
                self._refuse(f"an alias, {quoted(f'*{event.anchor}')}", mark, _NOT_REPEATED)
                return Scalar(None, mark, broken=True)
            case yaml.MappingStartEvent():
                broken = self._decorated(event, mark)
                return Mapping(self._entries(depth), mark, broken)
            case yaml.SequenceStartEvent():
                broken = self._decorated(event, mark)
                return Sequence(tuple(self._items(depth)), mark, broken)
            case yaml.ScalarEvent():
                return Scalar(None, mark, True) if self._decorated(event, mark) else self._scalar(event, mark)
            case _:
                raise ValueError(f"{event} can't begin a value")

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item = self._node(event, depth + 1)
            if item == Scalar(None, item.mark):
                item = self._empty(item.mark, "an entry of this list is empty")
            yield item

    def _entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, mark = self._node(event, depth + 1), _mark(event)
            node = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                if not key.broken:
                    self._refuse("a key that is not text", mark, "Keys are words: quote it if it is meant.")
            elif first := entries.get(key.value):
                mend = f"It is in line {first.mark.line} already: keep one."
                self._refuse(f"the key {quoted(key.value)} stands here twice", mark, mend)
            else:
                if node == Scalar(None, node.mark):
                    node = self._empty(mark, f"nothing is written after {quoted(key.value)}")
                entries[key.value] = Entry(mark, node)
        return entries

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> Scalar:
        text = event.value
        if found := _refused(self._dialect, text):
            self._refuse(f"a control character (U+{ord(found[0]):04X})", mark, "Nobody can see it: delete it.")
            return Scalar(None, mark, broken=True)
        if not event.implicit[0] or (text and self._dialect.texts):  # implicit: without quotes, and no block of text
            return Scalar(text, mark)
        if text in ("", "~", "null", "Null", "NULL"):
            return Scalar(None, mark)
        if text in ("true", "false"):
            return Scalar(text == "true", mark)
        if text.casefold() in _TRUE_OR_FALSE_TO_SOME:
            mend = f'Write "{text}" in quotes if the word is meant, else true or false.'
            self._refuse(f"{quoted(text)} means true or false to some programs, and a word to others", mark, mend)
            return Scalar(None, mark, broken=True)
        if _LEADING_ZERO.fullmatch(text):
            mend = f'Write "{text}" in quotes if it is a name, else leave the 0 out.'
            self._refuse("a number that begins with 0", mark, mend)
            return Scalar(None, mark, broken=True)
        if _INTEGER.fullmatch(text):
            return Scalar(int(text), mark)
        return Scalar(float(text) if _DECIMAL.fullmatch(text) else text, mark)

    def _decorated(self, event: yaml.NodeEvent, mark: Mark) -> bool:
        if event.anchor is not None:
            self._refuse(f"an anchor, {quoted(f'&{event.anchor}')}", mark, _NOT_REPEATED)
        tag = getattr(event, "tag", None)
        if tag is not None:
            mend = 'Put the text in quotes if the "!" belongs to it, else delete it.'
            self._refuse(f"a tag, {quoted(tag)}", mark, mend)
        return event.anchor is not None or tag is not None

    def _empty(self, mark: Mark, what: str) -> Scalar:
        mend = _COMMENT if re.search(r"[:-]\s+#\S", self._lines.after(mark)) else "Write a value, or delete the key."
        self._refuse(what, mark, mend)
        return Scalar(None, mark, broken=True)

    def _refuse(self, what: str, mark: Mark, mend: str) -> None:
        self.mistakes.append(self._lines.mistake(what, mark, mend))


def _mark(event: yaml.Event) -> Mark:
    start = event.start_mark
    return Mark(start.line + 1, start.column + 1) if start else Mark(1, 1)
