"""What a report says of a rule in a dataset: one sentence, the same in every format."""

from __future__ import annotations

from audit_core.wording import listed, on_one_line
from bot.reports.audit_summary import Case

__all__ = ["decided_in_words", "said_of"]

_LONGEST = 500


def said_of(case: Case) -> str:
    """Say in a sentence what a rule came to."""
    outcome = case.outcome
    parts: list[str] = []
    if outcome.stopped:
        parts.append(f"stopped at {outcome.count:,} violations among {outcome.judged:,} tracks")
    elif str(outcome.result) == "warn":
        parts.append(f"observed only: {_number(outcome.count)}")
    elif outcome.count:
        decided = decided_in_words(case)
        parts.append(f"{_number(outcome.count)}, {outcome.open:,} open{f', {decided}' if decided else ''}")
    elif before := _open_before(case):
        parts.append(f"{before:,} open since earlier audits")
    if outcome.reason:
        parts.append(on_one_line(outcome.reason, _LONGEST))
    return "; ".join(parts) or str(outcome.result).replace("_", " ")


def decided_in_words(case: Case) -> str:
    """Say how many violations were decided, and how; nothing if none were."""
    return listed(f"{number:,} {state}" for state, number in case.decided.items()) if case.decided else ""


def _open_before(case: Case) -> int:
    changes = case.outcome.changes
    return max(case.outcome.open - changes.get("opened", 0) - changes.get("reopened", 0), 0)


def _number(count: int) -> str:
    return "1 violation" if count == 1 else f"{count:,} violations"
