"""What a piece is before it sounds."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of music: its facts decide every sample of it.

    Parameters
    ----------
    title, artist : str
        As its tags will say.
    genre : str
        A key of `STYLES`.
    bpm : float > 0
        Beats a minute.
    key : str
        A note and a mode, as in ``"F# dorian"``.
    seed : int
        Chooses what the style leaves open.
    seconds : float
        How long it is, about: it ends with a bar, and its last notes ring.
    """

    title: str
    artist: str
    genre: str
    bpm: float
    key: str
    seed: int
    seconds: float = 28.0
