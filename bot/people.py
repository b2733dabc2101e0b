"""Who a name means: a person goes by a Slack id, by the name that the settings give to it, or by a login name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

__all__ = ["identified", "same_person"]


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


def _names(person: str, people: Mapping[str, str]) -> frozenset[str]:
    known = identified(person, people)
    return frozenset(_folded(name) for name in (person, known, people.get(known, known)))


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
