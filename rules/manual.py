"""The manual pages of the kinds of rule, read from the docstrings of `rules.checks`.

A page begins with ``kind: one sentence``. Prose follows, then examples, a line each: ``RULE`` and the keys of a rule;
under it ``PASS`` and ``FAIL`` and the tracks that it is shown. A track is written as fields of the catalogue with
their values, and ``file`` for the checksum of its file. What was heard in it is written as `HEARD` says. Its key is
its position if it has none, its dataset "crate".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

from rules.checks import KINDS

__all__ = ["HEARD", "Example", "Page", "page"]

HEARD: Final = (
    *("audio", "copy_of", "excerpt_of", "overlap", "version_of"),
    *("problem", "rate", "length", "silent", "clipped", "loudness"),
)
"""What an example writes of a track that was heard: a name for its audio; the name of the audio that it is a copy of,
holds an excerpt of (of how long: ``overlap``), or may be a version of; and what was measured, if it is not as it should
be."""

_EXAMPLE: Final = re.compile(r"^(RULE|PASS|FAIL)  (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """Some tracks, and what a rule says of them.

    Attributes
    ----------
    rule : dict
        The keys of its kind, as a policy has them.
    tracks : list of dict
        Values by field, as a policy would write them.
    expect : "PASS" or "FAIL"
        Whether there is no violation, or some.
    """

    rule: dict[str, Any]
    tracks: list[dict[str, Any]]
    expect: Literal["PASS", "FAIL"]


@dataclass(frozen=True, slots=True)
class Page:
    """The manual page of a kind of rule."""

    kind: str
    summary: str
    prose: str
    examples: tuple[Example, ...]


def page(kind: str) -> Page:
    """Read the manual page of a kind.

    Parameters
    ----------
    kind : str
        A key of `rules.checks.KINDS`.
    """
    text = KINDS[kind].__doc__ or ""
    head, _, rest = text.partition("\n")
    name, _, summary = head.partition(": ")
    if name != kind:
        raise ValueError(f"the manual page of {kind} begins with {head!r}")
    first = _EXAMPLE.search(rest)
    prose = rest[: first.start()] if first else rest
    return Page(kind, summary, prose.strip(), tuple(_examples(rest)))


def _examples(text: str) -> list[Example]:
    examples: list[Example] = []
    rule: dict[str, Any] = {}
    for word, written in _EXAMPLE.findall(text):
        value = yaml.safe_load(written)
        if word == "RULE":
            rule = value
        else:
            examples.append(Example(rule, value, word))
    return examples
