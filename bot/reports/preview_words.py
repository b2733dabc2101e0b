"""A preview in words, as the shell and a pull request tell it alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.messages.text import counted

__all__ = ["COLUMNS", "cells", "channels", "headline", "lapse", "listed_rules", "of_these_anyway", "sums", "warning"]

COLUMNS: Final = ("Rule", "Dataset", "Result", "Failing", "Opens", "Closes", "Anyway", "Stays")

_HASH: Final = 12


def headline(preview: Mapping[str, Any]) -> str:
    """Say what is done to which policy."""
    before, after = (str(preview[side] or "")[:_HASH] for side in ("before", "after"))
    if not before:
        what = f"is new ({after})"
    elif not after:
        what = f"would be retired (in force: {before})"
    elif before == after:
        what = f"is in force with this very text ({after})"
    else:
        what = f"would read otherwise ({before} → {after})"
    return f"Policy {preview['policy']} {what}{f', from {day} on' if (day := preview.get('holds_from')) else ''}"


def warning(preview: Mapping[str, Any]) -> str:
    """Say so if the edited policy is no policy for anything; else nothing."""
    return "It would judge nothing: it applies to no track there is." if preview.get("judges_nothing") else ""


def sums(preview: Mapping[str, Any]) -> str:
    """Say in a sentence or some what the next audit would do."""
    rules = preview["rules"]
    opens, closes = sum(map(_opens, rules)), sum(map(_closes, rules))
    lapsing = sum(rule["lapsing"] for rule in rules)
    day = preview.get("holds_from")
    audit = f"From {day} on, the next audit" if day else "The next audit"
    said = f"{audit} would open {counted(opens, 'violation')} and close {closes:,}"
    anyway = of_these_anyway(
        sum(rule["anyway"]["opens"] for rule in rules), sum(rule["anyway"]["closes"] for rule in rules)
    )
    lapses = (
        f" {counted(lapsing, 'waiver or approval', 'waivers and approvals')} would match no more." if lapsing else ""
    )
    enforced = sum(map(_enforced, rules))
    are = "is" if enforced == 1 else "are"
    asked = f" {counted(enforced, 'open violation')} that {are} only observed would be enforced."
    first = " The audit makes the recordings anew before, since some were separated: that may open and close others."
    regroups = first if preview.get("regroups") else ""
    return f"{said}{f', {anyway}' if anyway else ''}.{asked if enforced else ''}{lapses}{regroups}"


def of_these_anyway(opens: int, closes: int) -> str:
    """Say how much of it the next audit does without the edit; nothing if it does none of it."""
    if not opens and not closes:
        return ""
    return f"of which {opens:,} opened and {closes:,} closed without the edit, too"


def listed_rules(preview: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the rules of which something opens, closes, lapses or is enforced, or that could not be judged."""
    return [
        rule
        for rule in preview["rules"]
        if _opens(rule)
        or _closes(rule)
        or _enforced(rule)
        or rule["lapsing"]
        or rule["result"] in ("error", "not_enough_evidence")
    ]


def cells(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Write the row of a rule and dataset, one cell for each of `COLUMNS`."""
    result = "stopped" if rule["stopped"] else str(rule["result"] or "dropped").replace("_", " ")
    again = f" ({rule['reopens']:,} again)" if rule["reopens"] else ""
    anyway = rule["anyway"]
    return (
        rule["rule"],
        rule["dataset"],
        result,
        f"{rule['failing']:,}",
        f"{_opens(rule):,}{again}",
        f"{_closes(rule):,}",
        f"{anyway['opens']:,} / {anyway['closes']:,}" if anyway["opens"] or anyway["closes"] else "",
        f"{rule['unchanged']:,}",
    )


def lapse(one: Mapping[str, Any]) -> str:
    """Say which waiver or approval would match no more, but for what it is about."""
    return f"waived until {one['until']}" if one["until"] else str(one["state"])


def channels(preview: Mapping[str, Any]) -> Iterator[str]:
    """Say what would be posted, a sentence for each channel."""
    for one in preview["channels"]:
        parts = []
        if one["threads"]:
            parts.append(counted(one["threads"], "new thread"))
        if one["messages"]:
            parts.append(f"{counted(one['messages'], 'message')} in threads")
        asks = f", asking {' and '.join(one['people'])}" if one["people"] and one["messages"] else ""
        rest = f"; {counted(one['left_out'], 'violation')} more that these don't list" if one["left_out"] else ""
        yield f"{one['channel']}: {', '.join(parts) or 'nothing'}{asks}{rest}"


def _opens(rule: Mapping[str, Any]) -> int:
    return int(rule["opens"] + rule["reopens"])


def _enforced(rule: Mapping[str, Any]) -> int:
    return int(rule.get("enforced", 0))  # previews that are kept may be older than this


def _closes(rule: Mapping[str, Any]) -> int:
    return int(rule["resolved"] + rule["gone"] + rule["superseded"])
