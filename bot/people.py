"""Who a name means: a person goes by a Slack id, by the name that the settings give to it, or by a login name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from audit_core.errors import DecisionRefused
from audit_core.wording import quoted

__all__ = ["demand_known", "identified", "same_person"]

_SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{2,}")


def identified(actor: str, people: Mapping[str, str]) -> str:
    """Find the Slack user id of someone whom the settings name, however it is spelled; others are who they say.

    Parameters
    ----------
    actor : str
        A Slack user id, or a name.
    people : mapping
        The names of people, from the settings: user id → name.
    """
    spelled = _folded(actor)
    ids = [person for person in people if _folded(person) == spelled]
    named = ids or [person for person, name in people.items() if _folded(name) == spelled]
    return named[0] if len(named) == 1 else actor


def same_person(first: str, second: str, people: Mapping[str, str]) -> bool:
    """Tell whether two may be one person: under one id, or by one name. Namesakes can't be told apart."""
    return not _names(first, people).isdisjoint(_names(second, people))


def demand_known(actor: str, people: Mapping[str, str]) -> None:
    """Refuse a name of which nobody can tell whose it is: it might be another one's of somebody who is known.

    Raises
    ------
    DecisionRefused
        If it is no Slack user id, and neither an id nor a name of the settings.
    """
    spelled = _folded(actor)
    if _SLACK_ID.fullmatch(actor) or any(spelled in (_folded(known), _folded(people[known])) for known in people):
        return
    raise DecisionRefused(
        f"who {quoted(actor)} is, is not known here",
        mend='Name yourself in cratecheck.toml under [people], as in `U0123ABCD = "Ada Adams"`, and say who you are by'
        " --as, with that id or name.",
    )


def _names(person: str, people: Mapping[str, str]) -> frozenset[str]:
    known = identified(person, people)
    return frozenset(_folded(name) for name in (person, known, people.get(known, known)))


def _folded(name: str) -> str:
    seen = "".join(one for one in unicodedata.normalize("NFKC", name) if unicodedata.category(one) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())
