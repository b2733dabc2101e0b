"""A policy's text in the fields of a form, a rule in each, and back again.

What comes back of a field has the line ends that the browser likes, and white space around it may be missing. So a
text that nobody changed comes back to the letter, and of one that was changed each line that is the same but for white
space at its end.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from rules.language.policy import Policy

__all__ = ["ADDED", "HOLDS", "Edited", "Field", "TooLong", "edited", "fields_of"]

HOLDS: Final = 3_000
"""The most characters that a field takes."""
ADDED: Final = "added"
"""The name of the field for another rule."""
_FILLED: Final = 2_500  # so that something can be added
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_END: Final = re.compile(r"\r\n|\r|\n")
_BLANK_LINES: Final = re.compile(r"(?:[ \t]*\n)*")
_KEY_OF_THE_FILE: Final = re.compile(r"[^\s#-]")


class TooLong(Exception):
    """A text with a line that no field holds."""


@dataclass(frozen=True, slots=True)
class Field:
    """A stretch of a policy's text.

    Attributes
    ----------
    name : str
        ``head``, ``rule-0``, ``rule-0-2`` (its second part), `ADDED`, ``tail``.
    rule : int or None
        Which rule of the policy it is of.
    part, parts : int
        Which part of how many, from 1.
    before, shown, after : str
        What stands in the field at first, and what nobody sees around it: empty lines, a byte order mark.
    indent : int
        How far its first line is indented; of `ADDED`, how far the rules are.
    """

    name: str
    rule: int | None
    part: int
    parts: int
    before: str
    shown: str
    after: str
    indent: int

    @property
    def visible(self) -> bool:
        """Whether there is something to see or to fill in."""
        return bool(self.shown) or self.name == ADDED


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a text that stand in a field, with so many empty ones above them that are not in the text."""

    field: Field
    line: int
    lines: int
    above: int


@dataclass(frozen=True, slots=True)
class Edited:
    """A text as a form gave it back, and in which field each of its lines stands."""

    text: str
    places: tuple[Place, ...]

    def place(self, line: int) -> tuple[str, int] | None:
        """Find the field of a line, and which of its lines it is, both from 1; None if nothing was left of the text."""
        found = next((place for place in reversed(self.places) if place.line <= line), None)
        found = found or next(iter(self.places), None)
        if found is None:
            return None
        return found.field.name, found.above + 1 + min(max(line - found.line, 0), found.lines - 1)

    def line(self, number: int) -> str:
        """Give a line, from 1; nothing past the end."""
        lines = _END.split(self.text)
        return lines[number - 1] if 0 < number <= len(lines) else ""


def fields_of(policy: Policy) -> tuple[Field, ...]:
    """Split a policy's text into fields, in the order of the text.

    Rules have fields of their own if they are written below each other, and then there is a field for another one.

    Raises
    ------
    TooLong
        If a line is longer than a field.
    """
    lines = _LINE.findall(policy.text)
    entries = _entries(policy, lines)
    if not entries:
        return tuple(_parts("head", None, lines))
    starts = [_with_comment(lines, entry) for entry in entries]
    end = next((n for n in range(entries[-1] + 1, len(lines)) if _KEY_OF_THE_FILE.match(lines[n])), len(lines))
    fields = list(_parts("head", None, lines[: starts[0]]))
    for number, (first, last) in enumerate(pairwise([*starts, end])):
        fields += _parts(f"rule-{number}", number, lines[first:last])
    below = fields[-1].after or _line_end(policy.text)
    added = Field(ADDED, None, 1, 1, "", "", below, _indent(lines[entries[0]]))
    return (*fields, added, *_parts("tail", None, lines[end:]))


def edited(policy: Policy, answers: Mapping[str, str | None]) -> Edited:
    """Put a text together of what stands in the fields now.

    Parameters
    ----------
    policy : Policy
        That was split.
    answers : mapping
        What stands in each field, by its name. A field in which nothing is left is left out of the text.
    """
    line_end = _line_end(policy.text)
    text, line = "", 1
    places: list[Place] = []
    for field in fields_of(policy):
        if not field.visible:
            written = field.before
        elif (body := _Body.of(field, answers.get(field.name) or "", line_end)) is None:
            continue
        else:
            runs_on = text.strip("\ufeff") and not text.endswith(("\r", "\n"))
            before = line_end if runs_on else field.before
            places.append(Place(field, line + _breaks(before), 1 + _breaks(body.text), body.above))
            written = before + body.text + field.after
        text += written
        line += _breaks(written)
    return Edited(text, tuple(places))


def _entries(policy: Policy, lines: Sequence[str]) -> list[int]:
    """Find the lines in which the rules begin; none unless each begins a line of its own."""
    entries: list[int] = []
    for rule in policy.rules:
        line, column = (rule.location.line or 1) - 1, (rule.location.column or 1) - 1
        if not re.fullmatch(r" *- +", lines[line][:column]):
            return []
        entries.append(line)
    return entries


def _with_comment(lines: Sequence[str], entry: int) -> int:
    """Give the line from which a rule's comment stands right above it."""
    while entry > 0 and re.match(r" *#", lines[entry - 1]):
        entry -= 1
    return entry


def _parts(name: str, rule: int | None, lines: Sequence[str]) -> Iterator[Field]:
    """Make one field of some lines, or several if there is too much in them."""
    parts: list[str] = []
    for line in lines:
        if _size(line) > _FILLED:
            raise TooLong
        if parts and _size(parts[-1]) + _size(line) <= _FILLED:
            parts[-1] += line
        else:
            parts.append(line)
    for number, part in enumerate(parts, start=1):
        visible = part.strip("\ufeff \r\n")
        start = part.find(visible) if visible else len(part)
        indent = len(part[:start]) - len(part[:start].rstrip(" ")) if visible else 0
        shown = part[start - indent : start + len(visible)]
        before, after = part[: start - indent], part[start + len(visible) :]
        yield Field(name if number == 1 else f"{name}-{number}", rule, number, len(parts), before, shown, after, indent)


@dataclass(frozen=True, slots=True)
class _Body:
    """What is written in a field, without the empty lines around it."""

    text: str
    above: int

    @classmethod
    def of(cls, field: Field, answer: str, line_end: str) -> _Body | None:
        answer = _END.sub("\n", answer)
        empty = _BLANK_LINES.match(answer)
        above = empty.end() if empty else 0
        text = answer[above:].rstrip()
        if not text:
            return None
        if field.name == ADDED:
            text = textwrap.indent(_from_the_margin(text), " " * field.indent)
        elif not text.startswith(" "):
            text = " " * field.indent + text
        return cls(_as_it_was(field.shown, text, line_end), answer[:above].count("\n"))


def _from_the_margin(entry: str) -> str:
    """Move an entry of a list to the margin, whether or not its first line lost its indentation on the way."""
    entry = textwrap.dedent(entry)
    first, _, rest = entry.partition("\n")
    if not first.startswith("-"):
        return entry
    width = len(first) - len(first[1:].lstrip(" "))
    return f"{first}\n{textwrap.indent(textwrap.dedent(rest), ' ' * width)}" if rest else first


def _as_it_was(before: str, now: str, line_end: str) -> str:
    """Give back the lines that are the same but for white space at their end as they were."""
    old, new = _LINE.findall(before), now.split("\n")
    lines: list[tuple[str, str]] = []
    same = SequenceMatcher(None, [line.rstrip() for line in old], [line.rstrip() for line in new], autojunk=False)
    for kind, first, last, new_first, new_last in same.get_opcodes():
        if kind == "equal":
            lines += ((line.rstrip("\r\n"), line[len(line.rstrip("\r\n")) :]) for line in old[first:last])
        else:
            lines += ((line, line_end) for line in new[new_first:new_last])
    *above, (last_line, _) = lines
    return "".join(f"{line}{end or line_end}" for line, end in above) + last_line


def _line_end(text: str) -> str:
    found = _END.search(text)
    return found[0] if found else "\n"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _breaks(text: str) -> int:
    return len(_END.findall(text))


def _size(text: str) -> int:
    """Count as browsers do: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
