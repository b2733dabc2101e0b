"""Clips of one file or of two, and the picture of them: what a reviewer hears and sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from audit_core.errors import AudioError, Location
from audit_core.evidence import words
from audit_core.evidence.comparison import Comparison, Side
from audit_core.evidence.excerpt import Excerpt, excerpt
from audit_core.evidence.levels import matched
from audit_core.evidence.marks import Marks, in_common
from audit_core.evidence.mp3 import mp3
from audit_core.evidence.spectrograms import Panel, spectrograms
from audit_core.evidence.survey import FURTHEST_S, Survey, survey
from audit_core.evidence.window import AT_MOST_S, HOP_S, Window, best_window, in_b
from audit_core.neighbours.match import Stretch

__all__ = ["Clip", "Evidence", "OpenFile", "clips"]

OpenFile = Callable[[Side], BinaryIO]


@dataclass(frozen=True, slots=True)
class Clip:
    """A few seconds of a file, as MP3.

    Attributes
    ----------
    letter : str
        a or b.
    content : bytes
    title : str
        Whose, and which seconds.
    """

    letter: str
    content: bytes
    title: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to hear and to see of a violation.

    Attributes
    ----------
    clips : tuple of Clip
        One or two; of two, both at one level, and from matching places on where these are known.
    picture : bytes
        PNG.
    alt : str
        The picture in words, at most 1,000 characters.
    says : str
        What is heard, in a sentence or two.
    """

    clips: tuple[Clip, ...]
    picture: bytes
    alt: str
    says: str


def clips(heard: Comparison, open_file: OpenFile) -> Evidence:
    """Make the evidence of a comparison.

    Parameters
    ----------
    heard : Comparison
        What there is to hear.
    open_file : callable
        Opens the file of a side, seekable, at its beginning.

    Raises
    ------
    AudioError
        If a file is missing, can't be decoded, or is shorter than it was.
    """
    return _of_one(heard, open_file) if heard.b is None else _of_two(heard, heard.b, open_file)


def _of_one(heard: Comparison, open_file: OpenFile) -> Evidence:
    """Make a clip at its own level, for that may be the fault; and a picture up to the highest frequency."""
    side = heard.a
    start_s = 0.0
    if heard.place == "loud":
        start_s = _loud_place(side, open_file).start_s
    elif heard.place == "end":
        start_s = max(0.0, (side.duration_s or 0.0) - AT_MOST_S)
    only = _excerpt(side, Window(start_s, AT_MOST_S), open_file)
    panel = Panel(only.samples, only.rate_hz, start_s, only.length_s, words.label("", side, only), Marks.none())
    return Evidence(
        (Clip("a", mp3(only.samples, only.rate_hz), words.title_of(side, only)),),
        spectrograms([panel], f"{only.length_s:.1f} s of {words.name_of(side)}", to_the_top=True),
        words.alt_of_one(side, only),
        f"{words.title_of(side, only)}.",
    )


def _of_two(heard: Comparison, other: Side, open_file: OpenFile) -> Evidence:
    sides = (heard.a, other)
    windows, marks = _places(heard, other, open_file)
    pair = [_excerpt(side, window, open_file) for side, window in zip(sides, windows, strict=True)]
    levelled = matched([one.samples for one in pair])
    made: list[Clip] = []
    panels: list[Panel] = []
    for letter, side, one, samples, window, marked in zip("ab", sides, pair, levelled, windows, marks, strict=True):
        made.append(Clip(letter, mp3(samples, one.rate_hz), words.title_of(side, one, letter)))
        shown = marked.within(window.start_s, window.start_s + window.length_s)
        above = words.label(letter, side, one)
        panels.append(Panel(one.samples, one.rate_hz, window.start_s, window.length_s, above, shown))
    return Evidence(
        tuple(made),
        spectrograms(panels, words.headline(heard, pair)),
        words.alt_of_two(sides, pair, heard, len(panels[0].marks)),
        words.says(sides, pair, heard),
    )


def _places(heard: Comparison, other: Side, open_file: OpenFile) -> tuple[tuple[Window, Window], tuple[Marks, Marks]]:
    """Choose the seconds of each file, and find what both have there."""
    stretch = heard.stretch
    if stretch is None:
        return (_loud_place(heard.a, open_file), _loud_place(other, open_file)), (Marks.none(), Marks.none())
    length = min(stretch.overlap_s, FURTHEST_S)
    of_a = _survey(heard.a, stretch.offset_a, length, open_file)
    of_b = _survey(other, stretch.offset_b, length * stretch.tempo, open_file)
    marks = in_common(of_a.peaks, of_b.peaks, stretch)
    worth = of_a.loudness if heard.identical else _density(marks[0], stretch.offset_a, of_a)
    first = best_window(stretch, worth, durations_s=(heard.a.duration_s, other.duration_s))
    second = Window(max(0.0, in_b(stretch, first.start_s)), first.length_s * stretch.tempo)
    return (first, second), marks


def _density(marks: Marks, start_s: float, looked: Survey) -> npt.NDArray[np.float64]:
    """Count the marks of each hop; between equals the louder one is worth more."""
    edges = start_s + HOP_S * np.arange(len(looked.loudness) + 1)
    return np.histogram(marks.times_s, bins=edges)[0] + 1e-3 * looked.loudness if len(edges) > 1 else looked.loudness


def _loud_place(side: Side, open_file: OpenFile) -> Window:
    loudness = _survey(side, 0.0, FURTHEST_S, open_file, peaks=False).loudness
    whole = Stretch(0.0, 0.0, max(HOP_S, len(loudness) * HOP_S), 1.0, 0.0, 0.0)
    return best_window(whole, loudness)


def _survey(side: Side, start_s: float, length_s: float, open_file: OpenFile, *, peaks: bool = True) -> Survey:
    with _speaking_of(side), open_file(side) as file:
        return survey(file, start_s, start_s + length_s, peaks=peaks)


def _excerpt(side: Side, window: Window, open_file: OpenFile) -> Excerpt:
    with _speaking_of(side), open_file(side) as file:
        return excerpt(file, window.start_s, window.length_s)


@contextmanager
def _speaking_of(side: Side) -> Iterator[None]:
    try:
        yield
    except AudioError as error:
        if error.at is not None:
            raise
        raise AudioError(error.what, at=Location(side.path), mend=error.mend) from error
