"""Whether licences give what a rule asks for: one answer for all readings that hold together.

The readings are those of a track, of the source that it came from, and of whatever else carries a licence: all of them
hold, so the strictest counts (`strictest`). Where an expression leaves a choice, one alternative that gives all that is
asked for is enough; see `audit_core.rights.terms`.

- **fail**: every alternative certainly says the contrary of something that is asked for.
- **pass**: some alternative certainly says all that is asked for.
- **unknown**: neither. So it is too where no reading states a licence, and where one of them could not be read, unless
  it fails by what the others say.

A reading that is absent says nothing and takes nothing back: a source without a licence of its own does not cloud a
track's. A reading that is unknown says *something*, and leaves all open that the others don't deny.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from audit_core.rights.licence import LicenceReading
from audit_core.rights.table import LicenceTable
from audit_core.rights.terms import Alternative, Clause, Terms, strictest
from audit_core.rights.traits import TRAITS, Answer, Trait, Traits
from audit_core.wording import quoted

__all__ = ["Verdict", "judge", "terms_of"]

_SAYS: Final[dict[Trait, dict[Answer, str]]] = {
    "commercial": {
        "yes": "permit{s} commercial use",
        "no": "{does} not permit commercial use",
        "unsaid": "{does} not plainly say whether commercial use is permitted",
    },
    "derivatives": {
        "yes": "permit{s} adaptations",
        "no": "{does} not permit adaptations",
        "unsaid": "{does} not plainly say whether adaptations are permitted",
    },
    "share_alike": {
        "yes": "ask{s} that adaptations carry the same licence",
        "no": "{does} not ask that adaptations carry the same licence",
        "unsaid": "{does} not plainly say whether adaptations must carry the same licence",
    },
    "attribution": {
        "yes": "ask{s} that the author be credited",
        "no": "{does} not ask that the author be credited",
        "unsaid": "{does} not plainly say whether the author must be credited",
    },
}

_Asked = dict[Trait, Answer]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from the licences for one rule.

    Attributes
    ----------
    outcome : {'pass', 'fail', 'unknown'}
        As the head of this module defines them.
    reason : str
        Why, for a person: a sentence without a full stop.
    """

    outcome: Literal["pass", "fail", "unknown"]
    reason: str


def judge(
    readings: Iterable[LicenceReading],
    table: LicenceTable,
    *,
    require: Collection[Trait] = (),
    forbid: Collection[Trait] = (),
) -> Verdict:
    """Judge the readings that hold for one thing.

    Parameters
    ----------
    readings : iterable of LicenceReading
        Their order does not matter.
    table : LicenceTable
        What the licences say.
    require : collection of Trait
        What has to be so: answered "yes". Sensible of permissions.
    forbid : collection of Trait
        What must not be so: answered "no". Sensible of duties.
    """
    asked: _Asked = {trait: "yes" if trait in require else "no" for trait in TRAITS if trait in (*require, *forbid)}
    stated = [read for read in readings if read.state != "absent"]
    terms = terms_of(stated, table)
    if terms is None:
        return Verdict("unknown", "no licence is stated")
    denials = [_denials(alternative, asked) for alternative in terms.alternatives]
    if all(denials):
        return Verdict("fail", _told(denials, "no alternative will do"))
    if unread := [_unread(read).open_because or "" for read in stated if read.state == "unknown"]:
        return Verdict("unknown", "; ".join(sorted(set(unread))))
    left = [alternative for alternative, denied in zip(terms.alternatives, denials, strict=True) if not denied]
    doubts = [_doubts(alternative, asked) for alternative in left]
    if all(doubts):
        return Verdict("unknown", _told(doubts, "no alternative is sure"))
    return Verdict("pass", _praise(left[doubts.index(())], asked))


def terms_of(readings: Iterable[LicenceReading], table: LicenceTable) -> Terms | None:
    """Work out the terms of readings that hold together: the strictest of all that state something.

    Returns
    -------
    terms : Terms or None
        Of a reading that is unknown, all is unsaid. None if no reading states a licence.
    """
    stated = [read for read in readings if read.state != "absent"]
    known = [table.terms(expression) for expression in sorted({read.spdx for read in stated if read.spdx})]
    unread = sorted({_unread(read) for read in stated if not read.spdx}, key=lambda clause: clause.licence)
    terms = [*known, *(Terms.of(clause) for clause in unread)]
    return strictest(*terms) if terms else None


def _unread(read: LicenceReading) -> Clause:
    return Clause(quoted(read.text or ""), Traits(), read.reason)


def _denials(alternative: Alternative, asked: _Asked) -> tuple[str, ...]:
    contrary: dict[Answer, Answer] = {"yes": "no", "no": "yes"}
    return tuple(
        _clauses_say(alternative, trait, contrary[wanted])
        for trait, wanted in asked.items()
        if alternative.traits.answer(trait) == contrary[wanted]
    )


def _doubts(alternative: Alternative, asked: _Asked) -> tuple[str, ...]:
    doubtful = [trait for trait in asked if alternative.traits.answer(trait) == "unsaid"]
    unread = [clause.open_because for clause in alternative.clauses if clause.open_because and doubtful]
    read = Alternative(tuple(clause for clause in alternative.clauses if not clause.open_because), alternative.traits)
    unsaid = [_clauses_say(read, trait, "unsaid") for trait in doubtful]
    return tuple(dict.fromkeys([*unread, *filter(None, unsaid)]))


def _praise(alternative: Alternative, asked: _Asked) -> str:
    names = _and([clause.licence for clause in alternative.clauses])
    if not asked:
        return f"{names} {'is' if len(alternative.clauses) == 1 else 'are'} known"
    first, *more = (_clauses_say(alternative, trait, wanted) for trait, wanted in asked.items())
    return _and([first, *(sentence.removeprefix(f"{names} ") for sentence in more)])


def _clauses_say(alternative: Alternative, trait: Trait, answer: Answer) -> str:
    """Name the licences that give an answer, and say what it means. Nothing, if none does."""
    names = [clause.licence for clause in alternative.clauses if clause.traits.answer(trait) == answer]
    does, s = ("does", "s") if len(names) == 1 else ("do", "")
    return f"{_and(names)} {_SAYS[trait][answer].format(does=does, s=s)}" if names else ""


def _told(by_alternative: list[tuple[str, ...]], where_several: str) -> str:
    sentences = dict.fromkeys(sentence for told in by_alternative for sentence in told)
    return f"{where_several}: {'; '.join(sentences)}" if len(by_alternative) > 1 else "; ".join(sentences)


def _and(words: list[str]) -> str:
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last
