"""Keys, scales and progressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["Chord", "Key", "progression"]

_NOTES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MODES: Final = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "pelog": (0, 1, 3, 7, 8),
}
# Degrees from 0, four to a progression; each mode is at home in its own.
_PROGRESSIONS: Final = {
    "major": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (5, 3, 0, 4), (1, 4, 0, 5), (0, 2, 3, 4), (3, 4, 2, 5)),
    "minor": ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (5, 6, 0, 0), (0, 2, 6, 3), (3, 0, 6, 5), (0, 4, 3, 5)),
    "dorian": ((0, 3, 0, 3), (0, 1, 3, 0), (0, 6, 3, 0), (3, 0, 1, 6)),
    "mixolydian": ((0, 6, 3, 0), (0, 4, 6, 3), (3, 0, 6, 4), (0, 3, 6, 0)),
    "lydian": ((0, 1, 0, 1), (0, 1, 4, 5), (5, 1, 0, 4), (0, 4, 1, 2)),
    "phrygian": ((0, 1, 0, 6), (0, 1, 2, 1), (3, 0, 1, 0), (0, 5, 1, 0)),
    "pentatonic": ((0, 3, 4, 2), (0, 4, 0, 3), (3, 0, 2, 4)),
    "pelog": ((0, 3, 0, 4), (0, 2, 3, 0), (3, 0, 4, 2)),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic and a scale above it."""

    tonic: int  # semitones above C
    mode: str

    @classmethod
    def named(cls, name: str) -> Key:
        """Read a key such as ``"F# dorian"``.

        Raises
        ------
        ValueError
            If the note or the mode is unknown.
        """
        note, _, mode = name.partition(" ")
        if note not in _NOTES or mode not in _MODES:
            raise ValueError(f"{name!r} is no key: a note of {_NOTES} and a mode of {tuple(_MODES)}")
        return cls(_NOTES.index(note), mode)

    @property
    def size(self) -> int:
        """How many notes an octave has."""
        return len(_MODES[self.mode])

    def pitch(self, degree: int, octave: int) -> int:
        """Give the MIDI pitch of a degree of the scale; degrees beyond it go on in the next octave."""
        above, within = divmod(degree, self.size)
        return 12 * (octave + 1 + above) + self.tonic + _MODES[self.mode][within]


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes stacked in thirds of the scale, on a degree."""

    key: Key
    root: int
    notes: int = 3

    def degrees(self) -> tuple[int, ...]:
        """Name the degrees of the scale that sound."""
        return tuple(self.root + 2 * number for number in range(self.notes))

    def pitches(self, octave: int, inversion: int = 0) -> list[int]:
        """Voice the chord around an octave, its lowest notes raised by an octave as often as `inversion` says."""
        pitches = [self.key.pitch(degree, octave) for degree in self.degrees()]
        for number in range(inversion):
            pitches[number % len(pitches)] += 12
        return sorted(pitches)


def progression(key: Key, bars: int, notes: int, rng: np.random.Generator) -> list[Chord]:
    """Choose a chord for each bar: a progression of the mode, with a chord replaced now and then."""
    pool = _PROGRESSIONS[key.mode]
    roots = list(pool[int(rng.integers(len(pool)))])
    if rng.random() < 0.5:
        roots[int(rng.integers(1, 4))] = int(rng.integers(key.size))
    while len(roots) < bars:
        again = list(roots[:4])
        again[-1] = int(rng.integers(key.size))
        roots += again
    return [Chord(key, root, notes) for root in roots[:bars]]
