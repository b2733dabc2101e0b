"""The manual pages of the kinds of rule, read from the docstrings of `rules.checks`.

A page begins with ``kind: one sentence``. Prose follows, then examples, a line each: ``RULE`` and the keys of a rule;
under it ``PASS`` and ``FAIL`` and the tracks that it is shown, written as the examples of a policy write them. What
follows with six blanks before it belongs to the line above.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import yaml

from rules.checks import KINDS

__all__ = ["Illustration", "Page", "Shown", "page"]

_EXAMPLE: Final = re.compile(r"^(RULE|PASS|FAIL)  (.*(?:\n      .*)*)$", re.MULTILINE)
_WIDEST: Final = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """Some tracks, as ``given`` of an example has them, and what a rule says of them."""

    given: str
    expect: Literal["pass", "fail"]


@dataclass(frozen=True, slots=True)
class Illustration:
    """A rule, and what it says of some tracks.

    Attributes
    ----------
    keys : tuple of (str, str)
        The keys of its kind, each with what a policy writes after it.
    shown : tuple of Shown
    """

    keys: tuple[tuple[str, str], ...]
    shown: tuple[Shown, ...]

    def as_yaml(self, kind: str) -> str:
        """Write it as a rule of a policy, without ``id`` and ``severity``."""
        lines = [f"kind: {kind}", *(f"{key}: {value}" for key, value in self.keys), "examples:"]
        short = [f"  - {{given: {one.given}, expect: {one.expect}}}" for one in self.shown]
        if max(map(len, short)) <= _WIDEST:
            return "\n".join(lines + short)
        return "\n".join([*lines, *(f"  - given: {one.given}\n    expect: {one.expect}" for one in self.shown)])


@dataclass(frozen=True, slots=True)
class Page:
    """The manual page of a kind of rule."""

    kind: str
    summary: str
    prose: str
    illustrations: tuple[Illustration, ...]


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
    return Page(kind, summary, prose.strip(), tuple(_illustrations(rest)))


def _illustrations(text: str) -> list[Illustration]:
    found: list[Illustration] = []
    for word, written in _EXAMPLE.findall(text):
        line = " ".join(written.split())
        if word == "RULE":
            found.append(Illustration(tuple(_keys(line)), ()))
        else:
            rule = found.pop()
            names = {key for key, _ in rule.keys}
            shown = Shown(_given(line, pair={"of", "to"} <= names), "pass" if word == "PASS" else "fail")
            found.append(Illustration(rule.keys, (*rule.shown, shown)))
    return found


def _keys(line: str) -> list[tuple[str, str]]:
    """Part a rule that is written on one line into its keys, letter by letter."""
    node = _node(line)
    return [(key.value, _slice(line, value)) for key, value in node.value]


def _given(line: str, *, pair: bool) -> str:
    """Write a list of tracks as a policy does."""
    node = _node(line)
    if isinstance(node, yaml.MappingNode):
        return line
    written = [_slice(line, track) for track in node.value]
    if len(written) == 1:
        return written[0]
    if pair and len(written) == 2:
        return f"{{of: {written[0]}, to: {written[1]}}}"
    return f"{{tracks: [{', '.join(written)}]}}"


def _node(line: str) -> yaml.CollectionNode:
    node = yaml.compose(line)
    if not isinstance(node, yaml.CollectionNode):
        raise ValueError(f"neither the keys of a rule nor tracks: {line!r}")
    return node


def _slice(line: str, node: yaml.Node) -> str:
    return line[node.start_mark.index : node.end_mark.index]
