"""What each part does with a bar: it holds its chord, breaks it, walks below it, or sings above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.demo.pieces.harmony import Chord
from bot.demo.pieces.styles import Part, Style

__all__ = ["Bar", "Motif", "Note", "play"]


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it is played."""

    start_s: float
    seconds: float
    pitch: float  # MIDI
    velocity: float


@dataclass(frozen=True, slots=True)
class Motif:
    """A tune's rhythm and shape, two bars of it: (step, steps held, how many degrees above the chord's root)."""

    bars: tuple[tuple[tuple[int, int, int], ...], ...]
    broken: tuple[int, ...]  # the order in which an arpeggio takes its notes
    accents: tuple[int, ...]  # the steps of short chords
    low: tuple[int, ...]  # the steps of the bass

    @classmethod
    def drawn(cls, steps: int, beat: int, density: float, rng: np.random.Generator) -> Motif:
        """Make up a motif for bars of `steps`, `beat` to a beat."""
        bars = []
        degree = int(rng.choice([0, 2, 4, 7]))
        for _ in range(2):
            notes, step = [], int(rng.integers(0, max(1, beat)))
            while step < steps:
                lengths = [1, 2, 3, 4, 6, 8] if density < 0.5 else [1, 1, 2, 2, 3, 4]
                held = min(int(rng.choice(lengths)), steps - step)
                if rng.random() < 0.55 + 0.4 * density:
                    notes.append((step, held, degree))
                    degree = int(np.clip(degree + rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 4]), -3, 11))
                step += held
            bars.append(tuple(notes) or ((0, steps, degree),))
        accents = tuple(step for step in range(steps) if rng.random() < (0.5 if step % beat else 0.35))
        low = {0, *(step for step in range(1, steps) if rng.random() < (0.5 if step % beat == 0 else 0.18))}
        broken = tuple(int(each) for each in rng.integers(0, 6, 8))
        return cls(tuple(bars), broken, accents or (0,), tuple(sorted(low)))


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: when it starts, what it stands on, and the chance by which it differs from the others."""

    start_s: float
    step_s: float
    style: Style
    chord: Chord
    number: int
    rng: np.random.Generator

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return self.style.beats * self.style.steps

    def at(self, step: float) -> float:
        """Tell when a step is played: swung, and a little early or late."""
        late = self.style.swing * self.step_s if int(step) % 2 else 0.0
        return max(0.0, self.start_s + step * self.step_s + late + self.rng.normal(0, self.style.loose_ms / 1000))

    def note(self, step: float, held: float, pitch: float, velocity: float) -> Note:
        """Play a note, `held` steps long."""
        force = float(np.clip(velocity * self.rng.normal(1, 0.12), 0.15, 1))
        return Note(self.at(step), held * self.step_s * float(self.rng.uniform(0.85, 1.0)), pitch, force)


def play(part: Part, bar: Bar, motif: Motif) -> list[Note]:
    """Play a bar of a part."""
    match part.role:
        case "chords":
            inversion = int(bar.rng.integers(0, bar.chord.notes))
            return [bar.note(0, bar.steps, pitch, 0.6) for pitch in bar.chord.pitches(part.octave, inversion)]
        case "ground":
            if bar.number % 2:
                return []
            return [bar.note(0, 2 * bar.steps, bar.chord.key.pitch(degree, part.octave), 0.6) for degree in (0, 4)]
        case "stabs":
            return _stabs(part, bar, motif)
        case "arpeggio":
            return _arpeggio(part, bar, motif)
        case "bass":
            return _bass(part, bar, motif)
        case "walking":
            return _walking(part, bar)
        case "melody":
            return _tune(part, bar, motif.bars[bar.number % 2], change=0.3)
        case "counter":
            return _tune(part, bar, motif.bars[(bar.number + 1) % 2][::2], change=0.5)


def _stabs(part: Part, bar: Bar, motif: Motif) -> list[Note]:
    notes = []
    inversion = int(bar.rng.integers(0, bar.chord.notes))
    for step in motif.accents:
        if bar.rng.random() < 0.85:
            held = float(bar.rng.choice([0.6, 1.0, 1.8]))
            notes += [bar.note(step, held, pitch, 0.7) for pitch in bar.chord.pitches(part.octave, inversion)]
    return notes


def _arpeggio(part: Part, bar: Bar, motif: Motif) -> list[Note]:
    degrees = [*bar.chord.degrees(), *(degree + bar.chord.key.size for degree in bar.chord.degrees())]
    notes = []
    for step in range(bar.steps):
        which = motif.broken[step % len(motif.broken)]
        if bar.rng.random() < 0.15:
            which = int(bar.rng.integers(len(degrees)))
        if bar.rng.random() < 0.9:
            pitch = bar.chord.key.pitch(degrees[which % len(degrees)], part.octave)
            notes.append(bar.note(step, 1.2, pitch, 0.8 if step % bar.style.steps == 0 else 0.55))
    return notes


def _bass(part: Part, bar: Bar, motif: Motif) -> list[Note]:
    notes = []
    for place, step in enumerate(motif.low):
        until = motif.low[place + 1] if place + 1 < len(motif.low) else bar.steps
        degree = bar.chord.root + (int(bar.rng.choice([0, 0, 0, 4, 7, 2])) if place else 0)
        notes.append(bar.note(step, until - step, bar.chord.key.pitch(degree, part.octave), 0.8))
    return notes


def _walking(part: Part, bar: Bar) -> list[Note]:
    degree, notes = bar.chord.root, []
    for beat in range(bar.style.beats):
        notes.append(bar.note(beat * bar.style.steps, bar.style.steps, bar.chord.key.pitch(degree, part.octave), 0.8))
        degree += int(bar.rng.choice([-2, -1, 1, 2, 2]))
    return notes


def _tune(part: Part, bar: Bar, tune: tuple[tuple[int, int, int], ...], *, change: float) -> list[Note]:
    notes = []
    for step, held, degree in tune:
        if bar.rng.random() < change:
            degree += int(bar.rng.choice([-2, -1, 1, 2]))
        if bar.rng.random() < change / 3:
            continue
        if step % bar.style.steps == 0 and bar.rng.random() < 0.6:
            degree -= degree % 2  # a note of the chord on the beat
        pitch = bar.chord.key.pitch(bar.chord.root + degree, part.octave)
        notes.append(bar.note(step, held, pitch - 12 if pitch > 12 * (part.octave + 3) else pitch, 0.75))
    return notes
