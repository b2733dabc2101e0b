"""From a piece's facts to its notes: sections that return varied, parts that come and go, drums with fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bot.demo.pieces.harmony import Chord, Key, progression
from bot.demo.pieces.piece import Piece
from bot.demo.pieces.playing import Bar, Motif, Note, play
from bot.demo.pieces.styles import STYLES, Style

__all__ = ["Hit", "Score", "compose"]

_FORMS: Final = ("ABAC", "AABA", "ABCB", "ABCA", "ABBC")
_CHANCE: Final = {"x": 0.96, "o": 0.8, "?": 0.3, ".": 0.0}
_FORCE: Final = {"x": 0.9, "o": 0.4, "?": 0.6, ".": 0.0}


@dataclass(frozen=True, slots=True)
class Hit:
    """A drum that is struck."""

    start_s: float
    drum: str
    velocity: float


@dataclass(slots=True)
class Score:
    """What is played: the notes of each part of the style, in its order, and the drums."""

    parts: list[list[Note]]
    hits: list[Hit] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Section:
    """What returns when a letter of the form does."""

    chords: list[Chord]
    motif: Motif
    playing: tuple[bool, ...]
    drumming: bool


def compose(piece: Piece, rng: np.random.Generator) -> Score:
    """Write a piece.

    Parameters
    ----------
    piece : Piece
        Its facts.
    rng : np.random.Generator
        Draws what they leave open.

    Returns
    -------
    score : Score
        Its notes and hits, in seconds from its start, as the players play them: a little early or late.
    """
    style, key = STYLES[piece.genre], Key.named(piece.key)
    step_s = 60 / piece.bpm / style.steps
    bar_s = step_s * style.beats * style.steps
    total = max(4, round(piece.seconds / bar_s))
    length = 4 if total >= 8 else 2
    form = "".join(str(rng.choice(_FORMS)) for _ in range(1 + total // length // 4))
    sections = {letter: _section(style, key, length, rng) for letter in sorted(set(form))}
    score = Score([[] for _ in style.parts], seconds=total * bar_s)
    for number in range(total):
        section = sections[form[number // length]]
        within = number % length
        opening = number < length and total >= 8
        ending = within == length - 1
        bar = Bar(number * bar_s, step_s, style, section.chords[within], number, rng)
        for place, part in enumerate(style.parts):
            heard = place == 0 or (place == 1 and section.playing[1]) if opening else section.playing[place]
            if heard or number == total - 1:
                score.parts[place].extend(play(part, bar, section.motif))
        if section.drumming and not (opening and within < length // 2):
            score.hits.extend(_drums(bar, ending=ending))
    return score


def _section(style: Style, key: Key, bars: int, rng: np.random.Generator) -> _Section:
    playing = [bool(rng.random() < 0.8) for _ in style.parts]
    playing[int(rng.integers(len(playing)))] = True
    playing[0] = playing[0] or sum(playing) < 2
    return _Section(
        progression(key, bars, style.notes, rng),
        Motif.drawn(style.beats * style.steps, style.steps, style.density, rng),
        tuple(playing),
        bool(rng.random() < 0.85),
    )


def _drums(bar: Bar, *, ending: bool) -> list[Hit]:
    rng, hits = bar.rng, []
    fill = ending and rng.random() < 0.7
    for drum, pattern in bar.style.drums:
        for step, sign in enumerate(pattern):
            if fill and step >= len(pattern) * 3 // 4 and drum in ("hat", "snare", "clap", "rim"):
                continue
            if rng.random() < _CHANCE[sign]:
                velocity = _FORCE[sign] * float(rng.uniform(0.75, 1.1))
                hits.append(Hit(bar.at(step), drum, velocity))
            elif rng.random() < 0.02:
                hits.append(Hit(bar.at(step), drum, 0.25))
    if fill and bar.style.drums:
        steps = bar.style.beats * bar.style.steps
        for step in range(steps * 3 // 4, steps):
            if rng.random() < 0.75:
                hits.append(Hit(bar.at(step), str(rng.choice(["snare", "tom", "tom", "conga"])), rng.uniform(0.4, 0.9)))
    return hits
