"""What clips and their picture are called, and what the picture shows, for those who don't see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from audit_core.evidence.comparison import Comparison, Side
from audit_core.evidence.excerpt import Excerpt
from audit_core.neighbours.match import Stretch
from audit_core.wording import on_one_line

__all__ = ["alt_of_one", "alt_of_two", "clock", "headline", "label", "name_of", "says", "seconds", "title_of"]

_NAME: Final = 120
_ALT: Final = 1_000  # Slack takes no more


def name_of(side: Side) -> str:
    """Name a track."""
    return on_one_line(side.name, _NAME)


def clock(seconds: float) -> str:
    """Write a moment of a file: 0:31.2, or 1:02:03.4."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    least = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{least}" if hours else f"{minutes}:{least}"


def seconds(heard: Excerpt) -> str:
    """Say which seconds are heard."""
    return f"from {clock(heard.start_s)} to {clock(heard.start_s + heard.length_s)}"


def title_of(side: Side, heard: Excerpt, letter: str = "") -> str:
    """Write the title of a clip."""
    return f"{letter.upper()}: {name_of(side)}, {seconds(heard)}".removeprefix(": ")


def label(letter: str, side: Side, heard: Excerpt) -> str:
    """Write what stands above a panel: the track first, for what is too long is cut at its end."""
    named = " · ".join(on_one_line(word, 40) for word in (side.title, side.artist) if word)
    told = f"{letter.upper()}: {on_one_line(side.name, 48)}, {seconds(heard)}".removeprefix(": ")
    return f"{told} – {named}" if named else told


def headline(heard: Comparison, pair: Sequence[Excerpt]) -> str:
    """Write what stands above the whole picture."""
    length = pair[0].length_s
    if heard.stretch is None:
        return "Two tracks, each where it is loud: where they match is not known"
    if heard.identical:
        return f"{length:.1f} s of the same audio"
    return f"{length:.1f} s that match{_difference(heard.stretch)}; what both have is circled"


def says(sides: Sequence[Side], pair: Sequence[Excerpt], heard: Comparison) -> str:
    """Say what is heard, in a sentence or two."""
    a, b = (f"{name_of(side)} {seconds(one)}" for side, one in zip(sides, pair, strict=True))
    if heard.stretch is None:
        return f"A is {a}; B is {b}. Where they match is not known: each is heard where it is loud."
    if heard.identical:
        return f"A is {a}; B is {b}: the same audio."
    return f"A is {a}; B is {b}: the same place in both{_difference(heard.stretch)}. Both are equally loud here."


def alt_of_one(side: Side, only: Excerpt) -> str:
    """Describe the picture of one excerpt."""
    return (
        f"A spectrogram of {name_of(side)}, {seconds(only)}: time from left to right, frequency from 0 to "
        f"{only.rate_hz / 2000:.1f} kHz from bottom to top, the louder the brighter."
    )[:_ALT]


def alt_of_two(sides: Sequence[Side], pair: Sequence[Excerpt], heard: Comparison, marked: int) -> str:
    """Describe the picture of two excerpts."""
    above, below = (f"{name_of(side)} {seconds(one)}" for side, one in zip(sides, pair, strict=True))
    told = f"Two spectrograms, time from left to right, pitch from bottom to top. Above: {above}. Below: {below}."
    if heard.stretch is None:
        return f"{told} Each shows a loud place; where the two match is not known."[:_ALT]
    what = "They hold the same audio" if heard.identical else "They lie above each other as they match"
    circles = f"circles mark the {marked:,} peaks of the first that the second has in the same place" if marked else ""
    return f"{told} {what}{_difference(heard.stretch)}{f'; {circles}' if circles else ''}."[:_ALT]


def _difference(stretch: Stretch) -> str:
    """Say how the second differs from the first: ", the second 4.0 % slower and 0.7 semitones lower"."""
    parts: list[str] = []
    slower = (stretch.tempo - 1) * 100
    if abs(slower) >= 0.1:
        parts.append(f"{abs(slower):.1f} % {'slower' if slower > 0 else 'faster'}")
    if abs(stretch.pitch) >= 0.1:
        parts.append(f"{abs(stretch.pitch):.1f} semitones {'higher' if stretch.pitch > 0 else 'lower'}")
    return f", the second {' and '.join(parts)}" if parts else ""
