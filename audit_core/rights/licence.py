"""From what a catalogue says of a licence, in free text or as an address, to an SPDX expression.

A text is read in three ways, in this order:

1. as one name or address (`LicenceTable.named`);
2. as a name together with its address or its short form, as in "Attribution 4.0 International (CC BY 4.0)" or in the
   sentence that Creative Commons suggests; both have to mean the same licence;
3. as names joined with AND, OR and WITH, each of which has to be known. A small "or" joins identifiers only, since in
   prose it may also mean that some tracks have one licence and some the other.

What can't be read stays unknown, and says why. Nothing is guessed: no version is added, none is replaced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from audit_core.rights import spdx
from audit_core.rights.spelling import Unread, key, tidy
from audit_core.rights.table import LicenceTable
from audit_core.wording import quoted

__all__ = ["LicenceReading", "family", "reading", "says_nothing"]

_INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff"
#: What people and programs write where nothing is known, by its `key`.
_NOTHING: Final = frozenset(
    {"?", "-", "--", "---", "n/a", "na", "n.a", "nan", "null", "none", "tbd", "noassertion", "unknown", "unspecified"}
    | {"not specified"}
)
_LONGEST_NOTHING: Final = 40
_LINK: Final = re.compile(r"https?://[^\s<>()\[\]]+", re.IGNORECASE)
_EMPTY_BRACKETS: Final = re.compile(r"\(\s*\)|\[\s*\]|<\s*>")
_SHORT_FORM: Final = re.compile(r"([^()]+) \(([^()]+)\)")
_OPERATOR: Final = re.compile(r"([()]|(?<![^\s()])(?:AND|OR|WITH)(?![^\s()]))", re.IGNORECASE)  # not in "-or-later"
_SEPARATOR: Final = re.compile(r"[,;|&]|/|\+ ")
_WITHDRAWN: Final = re.compile(r"\b(?:revoked|withdrawn|rescinded|expired|terminated|no longer)\b", re.IGNORECASE)
_AROUND: Final = " .,;:\"'"
_LEAD: Final = re.compile(
    r"(?:licen[cs]e ?: ?|(?:(?:this|the) (?:work|dataset|data|database|track|recording|music) is )?"
    r"(?:licensed|released|available|distributed|made available) under (?:a|an|the)? ?)(.+)",
    re.IGNORECASE,
)
_BOILERPLATE: Final = re.compile(
    r"to view a copy of this licen[cs]e,? visit|or send a letter to creative commons,[a-z0-9 ,.]+ usa", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class LicenceReading:
    """What was made of a licence text.

    Attributes
    ----------
    text : str or None
        As the catalogue has it.
    state : {'known', 'unknown', 'absent'}
        Absent if there is no text, or none that one can see; unknown if there is one that names no known licence.
    spdx : str or None
        The SPDX expression. None unless known.
    reason : str or None
        Why it stays unknown: a sentence without a capital and a full stop. None unless unknown.
    """

    text: str | None
    state: Literal["known", "unknown", "absent"]
    spdx: str | None = None
    reason: str | None = None


def reading(text: str | None, table: LicenceTable) -> LicenceReading:
    """Read a licence text.

    Parameters
    ----------
    text : str or None
        Anything: it may be a stranger's.
    table : LicenceTable
        What is known.

    Returns
    -------
    reading : LicenceReading
        A text may be read again: the expression that comes out reads as itself.
    """
    if text is None or not text.strip().strip(_INVISIBLE).strip():
        return LicenceReading(text, "absent")
    try:
        return LicenceReading(text, "known", spdx=_expression(tidy(text), table))
    except Unread as unread:
        return LicenceReading(text, "unknown", reason=str(unread))


def says_nothing(text: str, table: LicenceTable) -> bool:
    """Tell whether a text stands where a licence should be and states none, such as "n/a" or a dash.

    Not if the table takes it for the name of a licence.
    """
    if len(text) > _LONGEST_NOTHING:
        return False
    try:
        nothing = key(tidy(text)) in _NOTHING
    except Unread:
        return False
    read = reading(text, table) if nothing or not text.strip(_INVISIBLE + " ") else None
    return read is not None and read.state != "known"


def family(read: LicenceReading, table: LicenceTable) -> str:
    """Give the class in which a reading is counted: that of its licence, or ``none``, or ``unknown``."""
    if read.spdx is None:
        return "none" if read.state == "absent" else "unknown"
    return table.family(read.spdx)


def _expression(text: str, table: LicenceTable) -> str:
    found = (
        _name(text, table) or _name_with_link(text, table) or _name_with_short_form(text, table) or _joined(text, table)
    )
    if found:
        return found
    if _WITHDRAWN.search(text):
        raise Unread("it says that a licence ended; what holds for copies taken before is for a person to judge")
    if _names_several(text, table):
        raise Unread("it names several licences, but not whether all of them hold (AND) or one may be chosen (OR)")
    raise Unread(f"{quoted(text)} is not a licence that the table knows")


def _name(text: str, table: LicenceTable) -> str | None:
    lead = _LEAD.fullmatch(text)
    return table.named(text) or (table.named(lead[1].strip(_AROUND)) if lead else None)


def _name_with_link(text: str, table: LicenceTable) -> str | None:
    links = _LINK.findall(text)
    rest = _BOILERPLATE.sub(" ", _LINK.sub(" ", text))
    name = " ".join(_EMPTY_BRACKETS.sub(" ", rest).split()).strip(_AROUND + "-")
    if len(links) != 1 or not name:
        return None
    return _agreed(name, links[0].strip(_AROUND), table)


def _name_with_short_form(text: str, table: LicenceTable) -> str | None:
    found = _SHORT_FORM.fullmatch(text)
    return _agreed(found[1], found[2], table) if found else None


def _agreed(one: str, other: str, table: LicenceTable) -> str | None:
    """Read two names of the same licence. One of them may leave the version open."""
    first, second = _name_with_short_form(one, table) or _name(one, table), _name(other, table)
    if first is None or second is None:
        return None
    if first == second or table.without_version(first) == second:
        return first
    if table.without_version(second) == first:
        return second
    raise Unread(f"{quoted(one)} and {quoted(other)} are not the same licence")


def _joined(text: str, table: LicenceTable) -> str | None:
    pieces = [piece.strip() for piece in _OPERATOR.split(text) if piece.strip()]
    if not any(piece.upper() in {"AND", "OR", "WITH"} for piece in pieces):
        return None
    if any(piece.upper() == "OR" != piece for piece in pieces) and not _all_identifiers(pieces, table):
        raise Unread(
            'it says "or": written OR, that is the licensee\'s choice; as it stands, it may also mean "it varies"'
        )
    known: list[str] = []
    for piece in pieces:
        if _OPERATOR.fullmatch(piece):
            known.append(piece.upper())
        elif known and known[-1] == "WITH":
            known.append(_exception(piece))
        else:
            known.append(_operand(piece, table))
    try:
        return spdx.rendered(" ".join(known))
    except ValueError as error:
        raise Unread("it reads like an SPDX expression, but is not built like one") from error


def _all_identifiers(pieces: list[str], table: LicenceTable) -> bool:
    return all(_OPERATOR.fullmatch(piece) or table.identifier(piece) or spdx.exception_named(piece) for piece in pieces)


def _exception(text: str) -> str:
    if found := spdx.exception_named(text):
        return found
    raise Unread(f"{quoted(text)}, after WITH, is no exception that SPDX lists")


def _operand(text: str, table: LicenceTable) -> str:
    if _WITHDRAWN.search(text):
        raise Unread("it says that a licence ended; what holds for copies taken before is for a person to judge")
    try:
        found = _name(text, table)
    except Unread as unread:
        raise Unread(f"of {quoted(text)}: {unread}") from unread
    if found is None:
        raise Unread(f"{quoted(text)} is not a licence that the table knows")
    return found if " " not in found else f"({found})"


def _names_several(text: str, table: LicenceTable) -> bool:
    pieces = [piece.strip() for piece in _SEPARATOR.split(text) if piece.strip()]
    try:
        return len(pieces) > 1 and all(_name(piece, table) for piece in pieces)
    except Unread:
        return False
