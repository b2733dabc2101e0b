"""Whether clips of a comparison may leave the place where the audio lies."""

from __future__ import annotations

from collections.abc import Iterable

from audit_core.evidence.comparison import Side
from audit_core.rights import LicenceTable, reading, sharing
from audit_core.settings import Clips

__all__ = ["forbidden"]


def forbidden(sides: Iterable[Side], table: LicenceTable, clips: Clips) -> str | None:
    """Say why no clip may be made; None if it may.

    Parameters
    ----------
    sides : iterable of Side
        Whose audio would be heard: of one that is forbidden, no other is made either.
    table : LicenceTable
        What licences say of passing copies on.
    clips : {'unless_forbidden', 'only_if_allowed', 'never'}
        The workspace's setting: whether a licence that is silent, unknown or not stated will do.

    Returns
    -------
    why : str or None
        A sentence.
    """
    if clips == "never":
        return 'No clip: the settings say `clips = "never"`.'
    for side in sides:
        told = sharing([reading(text, table) for text in side.licences], table)
        if told.answer == "no":
            return f"No clip: of {side.name}, {told.reason}."
        if told.answer == "unsaid" and clips == "only_if_allowed":
            return f'No clip: of {side.name}, {told.reason}, and the settings say `clips = "only_if_allowed"`.'
    return None
