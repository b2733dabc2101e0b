"""What the YAML parser stumbles over, in words that help someone who has never heard of YAML's tokens."""

from __future__ import annotations

from typing import Final

import yaml

from audit_core.errors import CratecheckError
from audit_core.placed_yaml.causes import cause_of
from audit_core.placed_yaml.lines import Lines
from audit_core.placed_yaml.places import Mark

__all__ = ["in_plain_words"]

#: What the parser says; whether its place is where the thing began; what we say; how to mend it.
_STUMBLES: Final[tuple[tuple[str, bool, str, str], ...]] = (
    (
        "did not find expected comment or line break",
        True,
        '"{letter}" begins a text of several lines, which begins on the next line',
        'Put the text in quotes if the "{letter}" belongs to it.',
    ),
    (
        "block sequence entries are not allowed in this context",
        False,
        "a list that begins on the line of its key",
        "Put each entry on a line of its own, or all in brackets, as in [a, b].",
    ),
    (
        "found character that cannot start any token",
        False,
        'text can\'t begin with "{letter}" here',
        'Put it in quotes, as in "{letter}…".',
    ),
    (
        "did not find expected alphabetic or numeric character",
        True,
        '"{letter}" has a meaning of its own in YAML',
        'Put the text in quotes, as in "{letter}".',
    ),
    (
        "mapping keys are not allowed in this context",
        False,
        '"{letter}" has a meaning of its own in YAML',
        'Put the text in quotes, as in "{letter}".',
    ),
    (
        "mapping values are not allowed in this context",
        False,
        "a colon that is one too many, or a line that is indented too far",
        "Put text that has a colon in quotes; indent the keys of one level alike.",
    ),
    ("found unexpected end of stream", True, "a quotation mark that is never closed", "Close it."),
    (
        "did not find expected ',' or ']'",
        True,
        "a list that is never closed",
        "Close it with ], and put commas between.",
    ),
    (
        "did not find expected ',' or '}'",
        True,
        "braces that are never closed",
        "Close them with }, and put commas between.",
    ),
    (
        "could not find expected ':'",
        True,
        "a key without a colon",
        'Write a key, a colon, a space and the value: "key: value".',
    ),
    (
        "did not find expected key",
        False,
        "something here belongs to nothing before it",
        "Indent the keys of one level alike, and close each quotation mark and bracket above.",
    ),
    (
        "did not find expected '-' indicator",
        False,
        "the list that begins in line {line} goes on here without a dash",
        "Begin each entry with -, indented alike.",
    ),
    (
        "did not find expected node content",
        False,
        "something is missing here",
        "Write a value, or close what was opened.",
    ),
    (
        "found unknown escape character",
        False,
        "a backslash that means nothing in double quotes",
        r"Write patterns in single quotes, as in '\d+'.",
    ),
)

_OF_TAGS: Final = ("while scanning a tag", "while parsing a tag")


def in_plain_words(lines: Lines, error: yaml.YAMLError) -> CratecheckError:
    """Turn the parser's complaint into a message for its reader.

    Parameters
    ----------
    lines : Lines
        The file.
    error : yaml.YAMLError
        What the parser raised.
    """
    problem, place, began = "unreadable", None, None
    if isinstance(error, yaml.MarkedYAMLError):
        problem, place, began = error.problem or problem, error.problem_mark, error.context_mark
    if place and (cause := cause_of(lines, problem, _mark(place))):
        return lines.mistake(cause.what, cause.mark, cause.mend)
    if isinstance(error, yaml.MarkedYAMLError) and error.context in _OF_TAGS:
        mend = 'Put the text in quotes if the "!" belongs to it, else delete it.'
        return lines.mistake("a tag that is not whole", _mark(began), mend)
    for said, at_beginning, what, mend in _STUMBLES:
        if problem == said:
            mark = _mark(began or place) if at_beginning else _mark(place)
            letter = lines.after(mark)[:1]
            filled = what.replace("{letter}", letter).replace("{line}", str(_mark(began or place).line))
            return lines.mistake(filled, mark, mend.replace("{letter}", letter))
    called = lines.dialect
    what = f"not YAML as {called.many} use it: {problem}"
    return lines.mistake(what, _mark(place), f"Compare it with a {called.one} that works.")


def _mark(place: object) -> Mark:
    line, column = getattr(place, "line", 0), getattr(place, "column", 0)
    return Mark(line + 1, column + 1)
