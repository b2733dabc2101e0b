"""The parser's events into values and their places: event by event, so that a file too deep is refused on the way."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from audit_core.errors import CratecheckError, Problems
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.lines import DASH, DASH_MEND, Lines
from audit_core.placed_yaml.places import Place, broken, is_broken, mark_of, spot, spot_of
from audit_core.wording import on_one_line, quoted

__all__ = ["MAX_DEPTH", "MAX_NODES", "TRUE_OR_FALSE", "Builder", "refused"]

MAX_DEPTH: Final = 32
MAX_NODES: Final = 50_000
TRUE_OR_FALSE: Final = "means true or false to some programs, and a word to others"
"""What is said of a word that can't stand without quotes."""

_BEGINS_A_NUMBER: Final = frozenset("+-0123456789")
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL: Final = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})\.\d{1,18}", re.ASCII)
_LEADING_ZERO: Final = re.compile(r"[-+]?0\d+", re.ASCII)
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE_OR_FALSE_TO_SOME: Final = frozenset({"yes", "no", "on", "off", "true", "false"})
_SHOWN: Final = 60
_LONGEST_WORD: Final = 5  # of those two sets
#: What closes, and what opens it.
_PAIRS: Final = {"]": "[", "}": "{", '"': '"'}
_TYPOGRAPHIC: Final = {"”": "“„", "“": "„", "’": "‘‚", "‘": "‚", "»": "«", "«": "»"}
_ENDS: Final = frozenset({*_PAIRS, *_TYPOGRAPHIC})

#: What an escape may write that PostgreSQL does not keep as text.
_NUL: Final = re.compile("\x00")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_NOT_REPEATED: Final = "Write things out each time. If it begins a name, put the name in quotes."
_COMMENT: Final = 'What follows "#" is a comment: put the value in quotes, as in "#data-audit".'

_Built = tuple[Any, Place | int]


def refused(dialect: Dialect, text: str) -> re.Match[str] | None:
    """Find a character that can't be meant, however it is written."""
    return (_NUL if dialect.controls else _CONTROL).search(text)


class Builder:
    """Builds what one document holds."""

    def __init__(self, lines: Lines) -> None:
        self.mistakes: list[CratecheckError] = []
        self._lines = lines
        self._dialect = lines.dialect
        self._nodes = 0

    def build(self, text: str) -> _Built:
        """Give the values of a text without invisible characters, and where they stand."""
        parser = yaml.CSafeLoader(text)
        self._next = parser.get_event
        self._next()  # the stream starts
        if isinstance(self._next(), yaml.StreamEndEvent):
            return self._nothing(spot(0, 0))
        built = self._node(self._next(), depth=1)
        self._next()  # the document ends
        if not isinstance(more := self._next(), yaml.StreamEndEvent):
            mend = f"One file holds one {self._dialect.one}: split it."
            self._refuse("a second document begins here", _spot(more), mend)
        elif built[0] is None and not is_broken(built[1]):
            return self._nothing(spot_of(built[1]))
        return built

    def _nothing(self, at: int) -> _Built:
        if self._dialect.begins is None:
            return {}, Place(at)
        self._refuse("nothing in this file", at, f"A {self._dialect.one} begins with `{self._dialect.begins}`.")
        raise Problems(self.mistakes)

    def _node(self, event: yaml.Event | None, depth: int) -> _Built:
        at = _spot(event)
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            what = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_NODES:,} values"
            self._refuse(what, at, f"No {self._dialect.one} needs that.")
            raise Problems(self.mistakes)
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor is not None or event.tag is not None:
                return None, self._decorated(event, at)
            return self._scalar(event, at)
        if isinstance(event, yaml.MappingStartEvent):
            return self._entries(self._decorated(event, at), depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(self._decorated(event, at), depth)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(f"an alias, {quoted(f'*{event.anchor}')}", at, _NOT_REPEATED)
            return None, broken(at)
        raise ValueError(f"{event} can't begin a value")

    def _items(self, at: int, depth: int) -> _Built:
        values: list[Any] = []
        place = Place(at)
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, where = self._node(event, depth + 1)
            if value is None and not is_broken(where):
                where = self._empty(where, "an entry of this list is empty")
            place.below[len(values)] = where
            values.append(value)
        return values, place

    def _entries(self, at: int, depth: int) -> _Built:
        values: dict[str, Any] = {}
        place = Place(at)
        lost_dash = False
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, key_at = self._node(event, depth + 1)
            value, where = self._node(self._next(), depth + 1)
            if not isinstance(key, str) or isinstance(key_at, Place):
                if not is_broken(key_at):
                    self._refuse("a key that is not text", key_at, "Keys are words: quote it if it is meant.")
                elif DASH.match(self._lines.after(mark_of(key_at))):
                    place.spot = broken(place.spot)  # it was to be a list
            elif key in values:
                lost_dash = lost_dash or self._has_lost_dash(place, key)
                if not lost_dash or key == next(iter(values)):
                    mend = f"It is in line {mark_of(place.keys[key]).line} already: keep one"
                    mend += f', or begin an entry of the list here, as in "- {key}: …".' if lost_dash else "."
                    self._refuse(f"the key {quoted(key)} stands here twice", key_at, mend)
            else:
                if value is None and not is_broken(where):
                    where = self._empty(key_at, f"nothing is written after {quoted(key)}", key)
                values[key] = value
                place.keys[key] = key_at
                place.below[key] = where
        return values, place

    def _has_lost_dash(self, place: Place, key: str) -> bool:
        """Tell whether the keys of an entry of a list begin anew."""
        begins, lines = mark_of(place), self._lines.lines
        line, column = lines[begins.line - 1], begins.column - 1
        is_entry = line[:column].strip() == "-" and line[column : column + 1] != "{"
        return is_entry and len(place.keys) > 1 and key == next(iter(place.keys))

    def _scalar(self, event: yaml.ScalarEvent, at: int) -> _Built:
        text = event.value
        # But for escapes, which stand in double quotes, no text has a control character: such a file was refused.
        if event.style == '"' and (found := refused(self._dialect, text)):
            self._refuse(f"a control character (U+{ord(found[0]):04X})", at, "Nobody can see it: delete it.")
            return None, broken(at)
        if not event.implicit[0] or (text and self._dialect.texts):  # implicit: without quotes, and no block of text
            return text, at
        if text[:1] > "\u2000" and (dash := DASH.match(text)):
            self._refuse(f"a dash that is a letter here: {dash[0]}", at, DASH_MEND)
            return None, broken(at)
        if text[-1:] in _ENDS and (told := _wrong_end(text)):
            self._refuse(told[0], at if text[-1] in _TYPOGRAPHIC else _last_letter(event), told[1])
            return None, broken(at)
        if text[:1] in _BEGINS_A_NUMBER:
            return self._number(text, at)
        if len(text) > _LONGEST_WORD:
            return text, at
        if text in _NOTHING:
            return None, at
        if text in ("true", "false"):
            return text == "true", at
        if text.casefold() in _TRUE_OR_FALSE_TO_SOME:
            mend = f'Write "{text}" in quotes if the word is meant, else true or false.'
            self._refuse(f"{quoted(text)} {TRUE_OR_FALSE}", at, mend)
            return None, broken(at)
        return text, at

    def _number(self, text: str, at: int) -> _Built:
        if _LEADING_ZERO.fullmatch(text):
            mend = f'Write "{text}" in quotes if it is a name, else leave the 0 out.'
            self._refuse("a number that begins with 0", at, mend)
            return None, broken(at)
        if _INTEGER.fullmatch(text):
            return int(text), at
        return float(text) if _DECIMAL.fullmatch(text) else text, at

    def _decorated(self, event: yaml.NodeEvent, at: int) -> int:
        """Refuse an anchor and a tag; give the spot, broken if there was one."""
        tag = getattr(event, "tag", None)
        if event.anchor is None and tag is None:
            return at
        if event.anchor is not None:
            self._refuse(f"an anchor, {quoted(f'&{event.anchor}')}", at, _NOT_REPEATED)
        if tag is not None:
            mend = 'Put the text in quotes if the "!" belongs to it, else delete it.'
            self._refuse(f"a tag, {quoted(tag)}", at, mend)
        return broken(at)

    def _empty(self, at: Place | int, what: str, key: str = "") -> int:
        mark, (first, _, rest) = mark_of(at), key.partition(" ")
        mend = "Write a value, or delete the key."
        if re.search(r"[:-]\s+#\S", self._lines.after(mark)):
            mend = _COMMENT
        elif rest:
            mend = f"Put a colon between, as in `{on_one_line(f'{first}: {rest}', _SHOWN)}`."
        self.mistakes.append(self._lines.mistake(what, mark, mend))
        return broken(spot_of(at))

    def _refuse(self, what: str, at: Place | int, mend: str) -> None:
        self.mistakes.append(self._lines.mistake(what, mark_of(at), mend))


def _wrong_end(text: str) -> tuple[str, str] | None:
    """Say what is wrong with a bracket or quotation mark that ends a text without quotes, if anything is."""
    end = text[-1]
    if end in _TYPOGRAPHIC:
        if text[0] not in _TYPOGRAPHIC[end]:
            return None
        mend = f'Word processors put them in: type straight ones, as in "{text[1:-1]}".'
        return f"quotation marks that are letters here: {text[0]} and {end}", mend
    if text.count(end) % 2 == 0 if end == '"' else text.count(_PAIRS[end]) >= text.count(end):
        return None
    called = "a quotation mark" if end == '"' else f'"{end}"'
    return f"{called} closes here what was never opened", "Open it before, or put the text in quotes if it is meant."


def _last_letter(event: yaml.ScalarEvent) -> int:
    end = event.end_mark
    return spot(end.line, end.column - 1) if end else spot(0, 0)


def _spot(event: yaml.Event | None) -> int:
    start = event.start_mark if event else None
    return spot(start.line, start.column) if start else spot(0, 0)
