"""An audit as Markdown, for the summary of a job or a comment: tables that hold whatever a title holds.

The flavour is GitHub's, whose step summaries take 1 MB and whose comments 65,536 letters: it stays below those. No
stranger's text becomes a link, a picture, HTML, a mention of someone or a reference to an issue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from audit_core.ledger.chain import instant
from audit_core.wording import listed, on_one_line
from bot.reports.audit_summary import AuditSummary, Case, CaseResult
from bot.reports.words import decided_in_words, said_of

__all__ = ["LONGEST", "escaped", "markdown"]

LONGEST: Final = 60_000
"""Bytes of UTF-8, at most."""

_CELL: Final = 300
_IDLE: Final = 20
_OF_ONE_RULE: Final = 5
_OF_RULES: Final = 30_000
_OF_REASONS: Final = 10_000

_SIGN: Final = re.compile(r"[\\`*_{}\[\]<>#|~@:$&]|www\.|gh-(?=\d)", re.IGNORECASE)
_WORD_JOINER: Final = "&#8288;"  # unseen, and no name or number follows the sign any more

_RESULTS: Final[dict[CaseResult, str]] = {
    "fails": "**fails**",
    "unjudged": "**not judged**",
    "below": "fails, which is tolerated here",
    "passed over": "skipped",
    "decided": "all decided",
    "passes": "passes",
}


def markdown(summary: AuditSummary) -> str:
    """Write an audit as Markdown, of `LONGEST` bytes at most."""
    top = _top(summary)
    bottom = _bottom(summary)
    page = _Page(LONGEST - _bytes(top) - _bytes(bottom))
    _rules(page, summary)
    _not_judged(page, summary)
    _violations(page, summary)
    return top + page.text + bottom


def escaped(text: object, longest: int = _CELL) -> str:
    """Write a stranger's text into a cell of a table, or into a line: it is text there, and nothing else."""
    return _SIGN.sub(_entity, on_one_line(str(text), longest))


def _entity(found: re.Match[str]) -> str:
    sign = found[0]
    return f"{sign[:-1]}&#{ord(sign[-1])};{_WORD_JOINER if sign[-1] in '@#-' else ''}"


class _Page:
    """Gathers lines as long as there is room."""

    def __init__(self, room: int) -> None:
        self.text = ""
        self._room = room

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, room: int, more: str = ""
    ) -> None:
        """Add a table, and say how many rows there was no room for; nothing if it has no rows.

        A column whose name begins with a right angle bracket is of numbers.
        """
        if not rows:
            return
        head = [column.removeprefix(">") for column in columns]
        rule = ["---:" if column.startswith(">") else "---" for column in columns]
        lines = [f"\n## {title}\n", _row(head), _row(rule)]
        left = min(room, self._room) - _RESERVED - sum(_bytes(line) + 1 for line in lines)
        if left < 0:
            return
        for number, cells in enumerate(rows):
            line = _row(cells)
            left -= _bytes(line) + 1
            if left < 0:
                lines.append(f"\n… and {len(rows) - number:,} rows more.")
                break
            lines.append(line)
        if more:
            lines.append(f"\n{more}")
        added = "\n".join(lines) + "\n"
        self._room -= _bytes(added)
        self.text += added


_RESERVED: Final = 400
"""For what follows a table."""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _bytes(text: str) -> int:
    return len(text.encode())


def _top(summary: AuditSummary) -> str:
    report = summary.report
    opened = ", ".join(f"{number:,} {severity}" for severity, number in report.open_by_severity.items() if number)
    run = f"Run {report.run_id}" if report.run_id is not None else "A dry run, which wrote nothing,"
    lines = [
        f"# Audit: {opened or 'nothing'} open{', and it fails' if summary.failed else ''}",
        "",
        f"{run} of revision {report.revision}, as of {instant(report.as_of)}, by Cratecheck {summary.tool_version}."
        f" {_from(summary)}",
    ]
    if idle := report.idle_policies:
        names = [*map(escaped, idle[:_IDLE]), *([f"{len(idle) - _IDLE:,} more"] if len(idle) > _IDLE else [])]
        lines += ["", f"**Policies that apply to no track, and judged nothing: {listed(names)}.**"]
    if not report.outcomes:
        lines += ["", "**Nothing was judged: that is no clean bill.**"]
    return "\n".join(lines) + "\n"


def _from(summary: AuditSummary) -> str:
    if summary.fail_on == "never":
        return "It fails on nothing."
    return f"It fails from severity {summary.fail_on} on, and where a rule can't be judged."


def _bottom(summary: AuditSummary) -> str:
    head = summary.head
    return f"\nThe ledger's head: entry {head.seq:,}, `{head.hash}`.\n"


def _rules(page: _Page, summary: AuditSummary) -> None:
    rows = [
        (
            escaped(case.outcome.rule),
            escaped(case.outcome.dataset),
            case.outcome.severity,
            _result(case),
            f"{case.outcome.judged:,}",
            f"{case.outcome.count:,}",
            f"{case.outcome.open:,}",
            decided_in_words(case),
            ", ".join(f"{number:,} {change}" for change, number in case.outcome.changes.items()),
        )
        for case in summary.by_gravity
    ]
    columns = ("Rule", "Dataset", "Severity", "Result", ">Tracks", ">Failing", ">Open", "Decided", "This audit")
    superseded = summary.report.superseded
    more = f"{superseded:,} violations were closed, whose rules no longer apply." if superseded else ""
    page.table("Rules", columns, rows, room=_OF_RULES, more=more)


def _result(case: Case) -> str:
    if case.outcome.stopped:
        return "**stopped**"
    if str(case.outcome.result) == "warn":
        return "observed"
    return _RESULTS[case.result]


def _not_judged(page: _Page, summary: AuditSummary) -> None:
    rows = [
        (escaped(case.outcome.rule), escaped(case.outcome.dataset), escaped(said_of(case)))
        for case in summary.by_gravity
        if case.outcome.unjudged or case.outcome.result == "skip"
    ]
    page.table("What could not be judged", ("Rule", "Dataset", "Why"), rows, room=_OF_REASONS)


def _violations(page: _Page, summary: AuditSummary) -> None:
    some = [
        (violation, case)
        for case in sorted(summary.cases, key=lambda case: case.result != "fails")
        for violation in case.sample[:_OF_ONE_RULE]
    ]
    rank = {severity: number for number, severity in enumerate(summary.report.open_by_severity)}
    some.sort(key=lambda one: rank[one[0].severity])
    rows = [
        (
            violation.severity,
            escaped(violation.rule),
            escaped(violation.dataset),
            escaped(violation.message),
            f"`{violation.key[:12]}`",
        )
        for violation, _ in some
    ]
    more = f"The first {_OF_ONE_RULE} of each rule and dataset; `cratecheck violations list` shows them all."
    if summary.report.run_id is None:
        more += " They stood before this dry run."
    columns = ("Severity", "Rule", "Dataset", "What", "Key")
    page.table("Open violations, the gravest first", columns, rows, room=LONGEST, more=more)
