"""What led the parser astray: often something in a line above the one at which it stumbles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from audit_core.placed_yaml.lines import DASH, DASH_MEND, Lines
from audit_core.placed_yaml.places import Mark
from audit_core.wording import listed, quoted

__all__ = ["Cause", "cause_of"]

_OPENS: Final = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_CLOSES: Final = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_COLON: Final = re.compile(r":(?:\s|$)")
_COMMENT: Final = re.compile(r"(?:^|[\s\[{,])#")
_WORDS: Final = re.compile(r"(?:- )?[a-z_]+ [^\]}]+$")
_KEY_AND_VALUE: Final = re.compile(r"[^#:]*:\s+[^\s#]")
_LOOKED_THROUGH: Final = 20  # lines
_BRACKET_AFTER_KEY: Final = re.compile(r"\s*(- )?([\w.]+) *[\[{]")
_ASTRAY: Final = (
    "did not find expected key",
    "did not find expected '-' indicator",
    "did not find expected <document start>",
)
_TOO_MANY: Final = "mapping values are not allowed in this context"


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong, where, and how to put it right."""

    what: str
    mark: Mark
    mend: str


def cause_of(lines: Lines, problem: str, place: Mark) -> Cause | None:
    """Find what led the parser astray.

    Parameters
    ----------
    lines : Lines
        The file.
    problem : str
        What the parser says.
    place : Mark
        Where it says so.

    Returns
    -------
    cause : Cause or None
        None if there is nothing better to say than what the parser says.
    """
    read = [*_tokens(lines.text, place)]
    if cause := _open_quotation(read, place) or _comment_inside(lines, read, place) or _other_dash(lines, place):
        return cause
    if problem in (_TOO_MANY, *_ASTRAY) and (cause := _bracket_after_key(lines, place)):
        return cause
    astray = problem in _ASTRAY
    if (problem == _TOO_MANY or astray) and (cause := _line_without_colon(lines, place, strictly=astray)):
        return cause
    if problem == _TOO_MANY:
        return _line_too_far(lines, place)
    if astray and place.column == _indent(lines, place.line) + 1:
        return _indented_otherwise(lines, place)
    return None


def _tokens(text: str, place: Mark) -> Iterator[yaml.Token]:
    loader = yaml.CSafeLoader(text)
    try:
        while (token := loader.get_token()) and token.start_mark.line < place.line:
            yield token
    except yaml.YAMLError:
        return
    finally:
        loader.dispose()


def _open_quotation(read: list[yaml.Token], place: Mark) -> Cause | None:
    """Find a quotation over several lines up to the stumble: its mark was forgotten, and the next closed it."""
    for token in read:
        if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
            first, last = token.start_mark, token.end_mark
            if first.line < last.line == place.line - 1 and last.column < place.column + 1:
                what = f"the quotation that begins here ends in line {last.line + 1}, in the midst of another"
                return Cause(what, Mark(first.line + 1, first.column + 1), "Close it on its own line.")
    return None


def _comment_inside(lines: Lines, read: list[yaml.Token], place: Mark) -> Cause | None:
    """Find a comment inside brackets that swallowed their end."""
    open_since: list[yaml.Mark] = []
    for token in read:
        if isinstance(token, _OPENS):
            open_since.append(token.start_mark)
        elif isinstance(token, _CLOSES) and open_since:
            open_since.pop()
    if not open_since:
        return None
    first = open_since[0]
    near = range(first.line, min(place.line, first.line + _LOOKED_THROUGH, len(lines.lines)))
    texts = [(t.start_mark, t.end_mark) for t in read if isinstance(t, yaml.ScalarToken) and t.start_mark.line in near]
    for number in near:
        for found in _COMMENT.finditer(lines.lines[number]):
            column = found.end() - 1
            inside = any((a.line, a.column) <= (number, column) < (b.line, b.column) for a, b in texts)
            if not inside and (number, column) > (first.line, first.column):
                opener = lines.after(Mark(first.line + 1, first.column + 1))[:1]
                what = f'what follows "#" is a comment, so that "{opener}" in line {first.line + 1} is never closed'
                return Cause(
                    what,
                    Mark(number + 1, column + 1),
                    'Put a value that begins with "#" in quotes; let a comment end the line.',
                )
            if not inside:
                break
    return None


def _other_dash(lines: Lines, place: Mark) -> Cause | None:
    """Find a line, not far above the stumble, that begins with a dash that YAML takes for a letter."""
    for number in range(place.line, max(place.line - _LOOKED_THROUGH, 0), -1):
        line = lines.lines[number - 1] if number <= len(lines.lines) else ""
        if found := DASH.match(line.lstrip(" ")):
            mark = Mark(number, _indent(lines, number) + 1)
            return Cause(f"a dash that is a letter here: {found[0]}", mark, DASH_MEND)
    return None


def _bracket_after_key(lines: Lines, place: Mark) -> Cause | None:
    """Find a key that is followed by a bracket, without a colon between."""
    for number in (place.line, _above(lines, place.line)):
        line = lines.lines[number - 1] if number and number <= len(lines.lines) else ""
        if number and (found := _BRACKET_AFTER_KEY.match(line)) and (number, found.end()) <= place:
            what, mark = f"a colon is missing after {quoted(found[2])}", Mark(number, found.start(2) + 1)
            return Cause(what, mark, 'Write a key, a colon, a space and the value: "key: value".')
    return None


def _line_without_colon(lines: Lines, place: Mark, *, strictly: bool) -> Cause | None:
    """Find the line above that should have been a key with its value; strictly: that looks like a word and a value."""
    above = _above(lines, place.line)
    said = _COMMENT.split(lines.lines[above - 1])[0].strip() if above else ""
    if above is None or _COLON.search(said) or (strictly and not _WORDS.match(said)):
        return None
    mark = Mark(above, _indent(lines, above) + 1)
    return Cause("a key without a colon", mark, 'Write a key, a colon, a space and the value: "key: value".')


def _line_too_far(lines: Lines, place: Mark) -> Cause | None:
    """Find out whether it is the first colon of its line that is one too many: then the line stands too far right."""
    line, above = lines.lines[place.line - 1], _above(lines, place.line)
    if above is None or not _KEY_AND_VALUE.match(lines.lines[above - 1]):
        return None
    indent = _indent(lines, place.line)
    if _COLON.search(line[: place.column - 1]) or indent <= _indent(lines, above):
        return None
    what = f"this line is indented by {_spaces(indent)}, further than line {above}, which has its value already"
    return Cause(what, Mark(place.line, indent + 1), "Indent the keys of one level alike.")


def _indented_otherwise(lines: Lines, place: Mark) -> Cause | None:
    """Compare a line's indent with those above: the next one, and the next that it could stand beside or under."""
    own, above = place.column - 1, _above(lines, place.line)
    if above is None or lines.after(place)[:1] in ("]", "}", ","):
        return None
    beside = above
    while beside and _indent(lines, beside) > own:
        beside = _above(lines, beside) or 0
    others = [f"line {n} by {_indent(lines, n) or 'none'}" for n in dict.fromkeys((above, beside)) if n]
    if len(others) == 1 and _indent(lines, above) == own:
        if not lines.after(place).startswith("- "):
            return None
        what = f"this dash stands as far to the right as line {above}, which has none"
        return Cause(what, place, "Indent the dashes of one list alike.")
    what = f"this line is indented by {_spaces(own)}, but {listed(others)}"
    return Cause(what, place, "Indent alike what belongs together: the keys of one level, the dashes of one list.")


def _above(lines: Lines, number: int) -> int | None:
    """Give the number of the last line above another that is not empty, nor a comment."""
    return next((n for n in range(number - 1, 0, -1) if _is_content(lines.lines[n - 1])), None)


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", "%", "---"))


def _indent(lines: Lines, number: int) -> int:
    line = lines.lines[number - 1] if number <= len(lines.lines) else ""
    return len(line) - len(line.lstrip(" "))


def _spaces(number: int) -> str:
    return {0: "no space", 1: "1 space"}.get(number, f"{number} spaces")
