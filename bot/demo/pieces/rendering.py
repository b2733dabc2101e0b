"""From notes to samples: instruments, a room, a limiter."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import oaconvolve

from bot.demo.pieces.composing import Score, compose
from bot.demo.pieces.kit import Kit
from bot.demo.pieces.piece import Piece
from bot.demo.pieces.styles import STYLES, Part, Style
from bot.demo.pieces.voices import SAMPLE_RATE_HZ, VOICES, Sound

__all__ = ["SAMPLE_RATE_HZ", "render"]

_TAIL_S: Final = 1.5
_PEAK: Final = 0.89  # -1 dBFS


def render(piece: Piece) -> npt.NDArray[np.float32]:
    """Play a piece.

    Parameters
    ----------
    piece : Piece
        What to play.

    Returns
    -------
    samples : np.ndarray, shape=(2, n), dtype=float32
        At `SAMPLE_RATE_HZ`, the same for the same piece; the peak is at -1 dBFS.

    Raises
    ------
    ValueError
        If the genre or the key is unknown.
    """
    if piece.genre not in STYLES:
        raise ValueError(f"{piece.genre!r} is no genre: one of {', '.join(STYLES)}")
    style = STYLES[piece.genre]
    rng = np.random.default_rng(piece.seed)
    score = compose(piece, rng)
    tuning = float(rng.normal(0, 12)) / 100  # semitones by which they tune away from 440 Hz
    size = round((score.seconds + _TAIL_S) * SAMPLE_RATE_HZ)
    dry, sent = np.zeros((2, size), np.float32), np.zeros((2, size), np.float32)
    for part, notes in zip(style.parts, score.parts, strict=True):
        heard = np.zeros((2, size), np.float32)
        voice = VOICES[part.voice]
        left, right = _pan(part)
        for note in notes:
            start = round(note.start_s * SAMPLE_RATE_HZ)
            frequency = 440 * 2 ** ((note.pitch + tuning - 69) / 12)
            sound = voice(frequency, note.seconds, note.velocity, rng) * np.float32(note.velocity)
            other = (
                voice(frequency, note.seconds, note.velocity, rng) * np.float32(note.velocity) if part.wide else sound
            )
            _add(heard[0], start, sound * left)
            _add(heard[1], start, other * right)
        dry += heard * np.float32(0.3 * part.gain)
        sent += heard * np.float32(0.3 * part.gain * part.send)
    _drum(score, dry, sent, rng)
    return _finished(dry + _room(sent, style, rng))


def _add(bus: Sound, start: int, sound: Sound) -> None:
    room = bus.size - start
    if room > 0:
        bus[start : start + sound.size] += sound[:room]


def _pan(part: Part) -> tuple[np.float32, np.float32]:
    """Keep the power as a part moves to a side."""
    angle = (part.pan + 1) * np.pi / 4
    return np.float32(np.cos(angle) * 1.41), np.float32(np.sin(angle) * 1.41)


def _drum(score: Score, dry: Sound, sent: Sound, rng: np.random.Generator) -> None:
    kit = Kit.drawn(rng)
    for hit in score.hits:
        start = round(hit.start_s * SAMPLE_RATE_HZ)
        sound = kit.hit(hit.drum, hit.velocity, rng) * np.float32(hit.velocity * 0.4)
        side = np.float32({"hat": 0.3, "open hat": 0.3, "ride": -0.4, "shaker": -0.5, "conga": 0.5}.get(hit.drum, 0.0))
        for channel, gain in ((0, 1 - side), (1, 1 + side)):
            _add(dry[channel], start, sound * np.float32(gain))
            _add(sent[channel], start, sound * np.float32(gain * (0.02 if hit.drum == "kick" else 0.12)))


def _room(sent: Sound, style: Style, rng: np.random.Generator) -> Sound:
    """Add the room: noise that dies away, another for each ear, its highs first."""
    t = np.arange(round(style.room_s * SAMPLE_RATE_HZ), dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)
    noise = rng.standard_normal((2, t.size), dtype=np.float32) * np.exp(-np.float32(6.9 / style.room_s) * t)
    noise = noise[:, 2:] + 1.6 * noise[:, 1:-1] + noise[:, :-2]
    noise /= np.sqrt(np.sum(noise**2, axis=1, keepdims=True))
    wet = oaconvolve(sent, noise.astype(np.float32), axes=1)[:, : sent.shape[1]]
    return np.asarray(wet, dtype=np.float32)


def _finished(mix: Sound) -> npt.NDArray[np.float32]:
    """Bring the loud moments down softly, and the peak to where it belongs; the end fades."""
    level = float(np.sqrt(np.mean(mix**2)))
    mix = np.tanh(mix * np.float32(0.2 / max(level, 1e-6)))
    fade = np.linspace(1, 0, round(0.5 * SAMPLE_RATE_HZ), dtype=np.float32)
    mix[:, -fade.size :] *= fade
    return np.asarray(mix * np.float32(_PEAK / max(float(np.abs(mix).max()), 1e-6)), dtype=np.float32)
