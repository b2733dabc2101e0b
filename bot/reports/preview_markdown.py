"""A preview as Markdown, for a comment: short enough for one, and no stranger's text is more than text in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.messages.text import counted
from bot.reports.markdown import LONGEST, escaped
from bot.reports.preview_words import COLUMNS, cells, channels, headline, lapse, listed_rules, sums, warning

__all__ = ["preview_markdown"]

_LAPSES: Final = 20
_CUT: Final = "\n… and more than a comment holds: `cratecheck policy preview` shows the rest.\n"


def preview_markdown(preview: Mapping[str, Any]) -> str:
    """Write a preview as Markdown, of `LONGEST` bytes at most."""
    text, room = "", LONGEST - len(_CUT.encode())
    for line in _lines(preview):
        room -= len(line.encode()) + 1
        if room < 0:
            return text + _CUT
        text += f"{line}\n"
    return text


def _lines(preview: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {escaped(headline(preview))}"
    yield ""
    if said := warning(preview):
        yield f"**{said}**"
        yield ""
    yield escaped(sums(preview))
    if preview["loosening"]:
        yield ""
        yield "**It loosens critical rules, so that two people have to confirm it:**"
        yield ""
        for sentence in preview["loosening"]:
            yield f"- {escaped(sentence)}"
    if told := list(channels(preview)):
        yield ""
        yield "Slack:"
        yield ""
        for sentence in told:
            yield f"- {escaped(sentence)}"
    rules = listed_rules(preview)
    if rules:
        yield ""
        yield f"| {' | '.join(COLUMNS)} |"
        yield "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |"
        for rule in rules:
            yield f"| {' | '.join(map(escaped, cells(rule)))} |"
    for rule in rules:
        yield from _of(rule)


def _of(rule: Mapping[str, Any]) -> Iterator[str]:
    """Tell of a rule in a dataset what stands behind its numbers."""
    yield ""
    yield f"**{escaped(rule['rule'])}** in {escaped(rule['dataset'])}"
    yield ""
    if rule["reason"]:
        yield f"- {escaped(rule['reason'])}"
    opens, closes = rule["opens"] + rule["reopens"], rule["resolved"] + rule["gone"] + rule["superseded"]
    yield from _some("opens", [(one["message"], "again" if one["again"] else "") for one in rule["opening"]], opens)
    yield from _some("closes", [(one["message"], one["how"]) for one in rule["closing"]], closes)
    lapses = [(one["message"], lapse(one)) for one in rule["lapses"][:_LAPSES]]
    yield from _some("no longer", lapses, rule["lapsing"])


def _some(what: str, told: list[tuple[str, str]], count: int) -> Iterator[str]:
    for message, how in told:
        yield f"- {what}: {escaped(message)}{f' ({escaped(how)})' if how else ''}"
    if count > len(told):
        yield f"- {what}: {counted(count - len(told), 'more', 'more')}"
