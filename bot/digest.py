"""The digest of a policy: five lines on what changed since the last one, or one line for a silent week.

It is plain data first; `lines` says it in words, for Slack, for the shell and for Markdown alike. Each carries the
ledger's head, against which `ledger verify` sees a tail that was cut off later. Its period ends when it is composed,
where the next one's begins; it is given out once for each time it is due, by whichever process comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, distinct, func, insert, select

from audit_core.catalogue.store import Store
from audit_core.ledger.chain import Head, head
from audit_core.ledger.tables import decisions, findings, runs, violations, waiver_violations, waivers
from audit_core.ledger.verify import KnownHead
from audit_core.ledger.violations import SEVERITIES
from audit_core.ledger.waivers import waived_at
from bot.messages.text import plain
from bot.messages.when import day, moment
from bot.outbox import ask
from bot.tables import digests

__all__ = ["Digest", "compose", "give_out", "given_out", "lines", "markdown", "stored"]

_WARNED: Final = timedelta(days=14)
_CLOSING: Final = ("resolved", "gone", "superseded")
_PAST: Final = {
    "approve": "approved",
    "quarantine": "quarantined",
    "waive": "waived",
    "release": "released",
    "separate": "separated",
}


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened under a policy in a period.

    Attributes
    ----------
    since, until : str
        The period, as ISO 8601; `since` is None for a policy's first digest.
    due : str or None
        When it was due, if it comes late.
    by_evidence : int
        Closed by an audit: the evidence passes, the subject is gone, the rule is retired.
    decided : mapping
        Person → verdict → how many.
    ending : mapping
        Day → how many waivers end on it, within the next fourteen days.
    """

    policy: str
    title: str
    since: str | None
    until: str
    opened: int
    reopened: int
    by_evidence: int
    open_now: Mapping[str, int]
    decided: Mapping[str, Mapping[str, int]]
    ending: Mapping[str, int]
    head_seq: int
    head_hash: str
    due: str | None = None

    @property
    def by_decision(self) -> int:
        """How many violations were approved, quarantined or waived."""
        return sum(number for each in self.decided.values() for verdict, number in each.items() if verdict != "release")

    @property
    def silent(self) -> bool:
        """Whether nothing happened and nothing ends soon."""
        return not (self.opened or self.reopened or self.by_evidence or self.decided or self.ending)


def compose(
    connection: Connection,
    policy: str,
    title: str,
    *,
    since: datetime | None,
    until: datetime,
    names: Mapping[str, str] | None = None,
    due: datetime | None = None,
) -> Digest:
    """Read what happened under a policy after `since` and until `until`."""
    finished = [runs.c.finished_at <= until, *([runs.c.finished_at > since] if since else [])]
    changes = (
        select(findings.c.transition, func.count().label("number"))
        .join(runs, runs.c.id == findings.c.run_id)
        .where(findings.c.policy == policy, *finished)
        .group_by(findings.c.transition)
    )
    numbers: dict[str, int] = {row.transition: row.number for row in connection.execute(changes)}
    newest = head(connection)
    return Digest(
        policy=policy,
        title=title,
        since=since.isoformat() if since else None,
        until=until.isoformat(),
        opened=numbers.get("opened", 0),
        reopened=numbers.get("reopened", 0),
        by_evidence=sum(numbers.get(transition, 0) for transition in _CLOSING),
        open_now=_open_now(connection, policy),
        decided=_decided(connection, policy, since, until, names or {}),
        ending=_ending(connection, policy, until),
        head_seq=newest.seq,
        head_hash=newest.hash,
        due=due.isoformat() if due else None,
    )


def _open_now(connection: Connection, policy: str) -> dict[str, int]:
    number = func.count().label("number")
    by_severity = select(violations.c.severity, number).where(
        violations.c.policy == policy, violations.c.state == "open"
    )
    found = {row.severity: row.number for row in connection.execute(by_severity.group_by(violations.c.severity))}
    return {severity: found[severity] for severity in SEVERITIES if severity in found}


def _decided(
    connection: Connection, policy: str, since: datetime | None, until: datetime, names: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    taken = (
        select(decisions.c.person, decisions.c.verdict, func.count().label("number"))
        .join(violations, violations.c.key == decisions.c.violation_key)
        .where(violations.c.policy == policy, decisions.c.at <= until, *([decisions.c.at > since] if since else []))
        .group_by(decisions.c.person, decisions.c.verdict)
        .order_by(decisions.c.person, decisions.c.verdict)
    )
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(taken):
        found.setdefault(names.get(row.person, row.person), {})[row.verdict] = row.number
    return found


def _ending(connection: Connection, policy: str, until: datetime) -> dict[str, int]:
    in_force = violations.c.key.in_(waived_at(until))
    soon = and_(waivers.c.ends_at > until, waivers.c.ends_at <= until + _WARNED)
    ending = (
        select(waivers.c.until, func.count(distinct(waiver_violations.c.violation_key)).label("number"))
        .join(waiver_violations, waiver_violations.c.decision_id == waivers.c.decision_id)
        .join(violations, violations.c.key == waiver_violations.c.violation_key)
        .where(violations.c.policy == policy, violations.c.decision_id == waivers.c.decision_id, in_force, soon)
        .group_by(waivers.c.until)
        .order_by(waivers.c.until)
    )
    return {row.until.isoformat(): row.number for row in connection.execute(ending)}


def give_out(
    connection: Connection,
    policy: str,
    title: str,
    *,
    channel: str,
    due: datetime,
    now: datetime,
    late: bool,
    names: Mapping[str, str] | None = None,
) -> Digest | None:
    """Store the digest of the period that ends `now`, and ask that it be posted, in the caller's transaction.

    Returns
    -------
    digest : Digest or None
        None if one was given out since it was due.
    """
    newest = select(func.max(digests.c.period_end, type_=digests.c.period_end.type))
    # One that was given out while the clock ran ahead is no reason to keep silent until then.
    last = connection.scalar(newest.where(digests.c.policy == policy, digests.c.period_end <= now))
    if last is not None and last >= due:
        return None
    digest = compose(connection, policy, title, since=last, until=now, names=names, due=due if late else None)
    connection.execute(
        insert(digests).values(
            policy=policy,
            period_start=last or now,
            period_end=now,
            created_at=now,
            head_seq=digest.head_seq,
            head_hash=digest.head_hash,
            content=asdict(digest),
        )
    )
    ask(connection, channel=channel, subject=f"digest/{now.timestamp():.0f}/{policy}", at=now)
    return digest


def given_out(store: Store) -> list[KnownHead]:
    """List the heads of the ledger that digests gave out, the oldest first."""
    heads = select(digests.c.policy, digests.c.period_end, digests.c.head_seq, digests.c.head_hash)
    with store.read() as connection:
        return [
            KnownHead(
                f"the digest of {row.policy} of {row.period_end:%Y-%m-%d %H:%M} UTC", Head(row.head_seq, row.head_hash)
            )
            for row in connection.execute(heads.order_by(digests.c.period_end, digests.c.policy))
        ]


def stored(connection: Connection, subject: str) -> Digest | None:
    """Read the digest that a message is about."""
    _, end, policy = subject.split("/", 2)
    rows = connection.execute(select(digests.c.period_end, digests.c.content).where(digests.c.policy == policy))
    for row in rows:
        if f"{row.period_end.timestamp():.0f}" == end:
            content: dict[str, Any] = row.content
            return Digest(**content)
    return None


def lines(digest: Digest) -> list[str]:
    """Say a digest in five lines; a silent period in one."""
    since = f"Since {moment(datetime.fromisoformat(digest.since))}" if digest.since else "So far"
    late = f" (late: due {moment(datetime.fromisoformat(digest.due))})" if digest.due else ""
    open_now = ", ".join(f"{number:,} {severity}" for severity, number in digest.open_now.items()) or "nothing"
    ledger = f"ledger {digest.head_seq}:{digest.head_hash}"
    if digest.silent:
        return [f"{since}{late}: nothing happened; open: {open_now}; {ledger}"]
    closed = f"{digest.by_decision + digest.by_evidence:,} closed ({digest.by_decision:,} by decision)"
    ending = [f"{number:,} on {day(datetime.fromisoformat(until))}" for until, number in digest.ending.items()]
    return [
        f"{since}{late}: {digest.opened:,} opened, {closed}, {digest.reopened:,} reopened",
        f"Open now: {open_now}",
        f"Decisions: {'; '.join(map(_by_person, digest.decided.items())) or 'none'}",
        f"Waivers that end within 14 days: {', '.join(ending) or 'none'}",
        f"{ledger[:1].upper()}{ledger[1:]}",
    ]


def _by_person(entry: tuple[str, Mapping[str, int]]) -> str:
    person, verdicts = entry
    return f"{plain(person, 80)} {', '.join(f'{_PAST[verdict]} {number:,}' for verdict, number in verdicts.items())}"


def markdown(digest: Digest) -> str:
    """Write a digest as Markdown."""
    said = "\n".join(f"- {_escaped(line)}" for line in lines(digest))
    return f"# Digest: {_escaped(digest.title)}\n\n{said}\n"


def _escaped(line: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|~" else letter for letter in plain(line, 2_000))
