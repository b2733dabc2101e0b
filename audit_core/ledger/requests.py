"""What a person wants decided: cleaned of what nobody can read, and refused where something is missing or too much."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from audit_core.errors import DecisionRefused
from audit_core.ledger.chain import Via
from audit_core.ledger.quarantine import Target
from audit_core.ledger.transitions import Verdict

__all__ = ["LONGEST_REASON", "Request", "cleaned", "is_link", "must_be_whole", "writable"]

LONGEST_REASON: Final = 3000
_MOST_TARGETS: Final = 10_000  # more would hold the database for too long
_LONGEST_URL: Final = 2000
_LONGEST_NAME: Final = 200

# Control characters but for tab and line feed, halves of surrogate pairs, and the marks that turn text around.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_URL: Final = re.compile(r"https?://[^\s/?#]+[^\s<>\"|]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person wants decided.

    Attributes
    ----------
    verdict : str
        approve, quarantine, waive, release, or separate.
    violation_key, violation_revision : str, int
        Which violation, and the revision of it that the person saw.
    person, via : str
        Who decides, through what.
    at : datetime
        When, in UTC.
    policy_sha256 : str
        The policy text under which it is decided.
    reason, evidence_url : str, optional
        Why, and where that is shown. A waiver needs a reason.
    until, ends_at : date and datetime, optional
        Of a waiver: its last day, and the moment at which that day ends for the policy.
    targets : sequence of (dataset, track key)
        What a quarantine takes out.
    copies_too : bool
        Of a quarantine, which must say it: whether every byte-identical copy is out as well.
    separated : sequence of (packets, packets)
        Of a separation: the audio that is not one recording, whatever the comparison says, the first of each pair the
        smaller.
    """

    verdict: Verdict
    violation_key: str
    violation_revision: int
    person: str
    via: Via
    at: datetime
    policy_sha256: str
    reason: str = ""
    evidence_url: str | None = None
    until: date | None = None
    ends_at: datetime | None = None
    targets: Sequence[Target] = ()
    copies_too: bool | None = None
    separated: Sequence[tuple[str, str]] = ()


def writable(text: str) -> str:
    """Give what a person wrote as it goes into the ledger: lines end alike, and nothing is in it that can't be seen."""
    return _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def is_link(url: str) -> bool:
    """Tell whether an address will do as a link to evidence, as it is written into the ledger."""
    address = writable(url)
    return len(address) <= _LONGEST_URL and _URL.fullmatch(address) is not None


def cleaned(request: Request) -> Request:
    """Take out of a request what nobody can see."""
    return replace(
        request,
        reason=writable(request.reason),
        evidence_url=writable(request.evidence_url or "") or None,
        person=writable(request.person),
        violation_key=writable(request.violation_key),
    )


def must_be_whole(request: Request) -> None:
    """Refuse a request, cleaned before, that lacks something or has too much.

    Raises
    ------
    DecisionRefused
        Saying what.
    ValueError
        If it is the program's mistake.
    """
    if not request.person or len(request.person) > _LONGEST_NAME:
        raise DecisionRefused("a decision needs the name of a person", mend=f"Of {_LONGEST_NAME} characters at most.")
    if len(request.reason) > LONGEST_REASON:
        raise DecisionRefused(
            f"the reason has {len(request.reason)} characters",
            mend=f"Write {LONGEST_REASON} at most, and link to the rest.",
        )
    url = request.evidence_url
    if url is not None and not is_link(url):
        raise DecisionRefused(f"{url[:80]!r} is no link to evidence", mend="Give one that begins with https://.")
    if request.verdict == "quarantine" and not request.targets:
        raise DecisionRefused("there is no track to take out", mend="Approve or waive it instead.")
    if request.verdict == "separate" and not request.separated:
        what = "no comparison of audio brought these tracks together, so there is nothing to separate"
        raise DecisionRefused(what, mend="Approve or waive it instead.")
    if len(request.separated) > _MOST_TARGETS:
        raise DecisionRefused(
            f"a decision separates {_MOST_TARGETS:,} pairs at most, and here are {len(request.separated):,}",
            mend="Separate a track of a smaller group first.",
        )
    if request.verdict == "quarantine" and request.copies_too is None:
        raise ValueError("a quarantine says whether it takes out copies too")
    if len(request.targets) > _MOST_TARGETS:
        raise DecisionRefused(
            f"a decision takes out {_MOST_TARGETS:,} tracks at most, and here are {len(request.targets):,}",
            mend="Take them out of the dataset at their source, and import it again.",
        )
    if request.verdict != "waive":
        if request.until is not None or request.ends_at is not None:
            raise ValueError(f"{request.verdict} has no end")
        return
    if not request.reason:
        raise DecisionRefused("a waiver needs a reason", mend="Say why this is tolerated.")
    if request.until is None or request.ends_at is None:
        raise DecisionRefused("a waiver needs an end date", mend="Say until which day this is tolerated.")
    if request.ends_at <= request.at:
        raise DecisionRefused(f"{request.until.isoformat()} is in the past", mend="Give a day that is still to come.")
