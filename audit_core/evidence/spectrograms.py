"""One picture of one or two excerpts: spectrograms, one above the other, with what they have in common marked.

Both panels are as wide as the same music: where one runs at another speed, its seconds are drawn wider or narrower.
Titles are strangers' text, and are drawn as they are: no formula is read out of them. What the font of the picture does
not have is drawn as an empty box.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from audit_core.audio.extractor import Samples
from audit_core.evidence.marks import Marks
from audit_core.wording import on_one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Panel", "pitch_hz", "spectrograms"]

_FONT: Final = "DejaVu Sans"  # comes with matplotlib
_BOX: Final = "\u25a1"
_SIZE_INCHES: Final = (10.0, 3.1)  # and half as high again for each panel
_DPI: Final = 100
_WINDOW_S: Final = 0.093
_HOP_S: Final = 0.0125
_FLOOR_DB: Final = -70.0
_LOWEST_HZ: Final = 55.0
_OCTAVES: Final = 7
_ROWS_PER_OCTAVE: Final = 48
_INK, _PAPER, _MARK = "#1d1c1d", "#ffffff", "#7df9ff"
_LONGEST: Final = 110


@dataclass(frozen=True, slots=True)
class Panel:
    """A spectrogram.

    Attributes
    ----------
    samples : np.ndarray, shape=(channels, n)
    rate_hz : int
    start_s : float
        Where the excerpt begins in its file.
    length_s : float
        How many of the file's seconds the panel is wide.
    label : str
        Written above it.
    marks : Marks
        In the file's time.
    """

    samples: Samples
    rate_hz: int
    start_s: float
    length_s: float
    label: str
    marks: Marks


def spectrograms(panels: Sequence[Panel], title: str, *, to_the_top: bool = False) -> bytes:
    """Draw excerpts one above the other.

    Parameters
    ----------
    panels : sequence of Panel
        One or two.
    title : str
        Written above all.
    to_the_top : bool
        Whether frequencies are drawn evenly up to the highest that the file can hold, as is needed to see where a
        file ends that was made of a poorer one; else by octaves from 55 Hz, as they are heard.

    Returns
    -------
    picture : bytes
        PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = _SIZE_INCHES
    figure = Figure(figsize=(width, 0.5 + height * len(panels)), dpi=_DPI, facecolor=_PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_drawable(title), fontsize=12, fontfamily=_FONT, color=_INK, parse_math=False)
    several: Any = figure.subplots(len(panels), 1, squeeze=False)
    for axes, panel in zip(several[:, 0], panels, strict=True):
        _draw(axes, panel, to_the_top=to_the_top)
    several[-1, 0].set_xlabel("seconds from the beginning of the file", fontfamily=_FONT, color=_INK)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def pitch_hz(semitones: float) -> float:
    """Give the frequency of a pitch that is counted in semitones from 55 Hz."""
    return float(_LOWEST_HZ * 2.0 ** (semitones / 12.0))


def _draw(axes: Axes, panel: Panel, *, to_the_top: bool) -> None:
    axes.set_title(_drawable(panel.label), loc="left", fontsize=10, fontfamily=_FONT, color=_INK, parse_math=False)
    top_hz = panel.rate_hz / 2
    if to_the_top:
        levels = _levels(panel, np.linspace(0.0, top_hz, 320))
        low, high = 0.0, top_hz / 1000
        axes.set_ylabel("kHz", fontfamily=_FONT, color=_INK)
    else:
        rows = np.arange(_OCTAVES * _ROWS_PER_OCTAVE) / _ROWS_PER_OCTAVE
        levels = _levels(panel, _LOWEST_HZ * 2.0**rows)
        low, high = 0.0, 12.0 * _OCTAVES
        ticks = [12.0 * octave for octave in range(_OCTAVES)]
        axes.set_yticks(ticks, [f"{pitch_hz(tick):,.0f}" for tick in ticks])
        axes.set_ylabel("Hz", fontfamily=_FONT, color=_INK)
    end_s = panel.start_s + panel.samples.shape[1] / panel.rate_hz
    axes.imshow(
        levels,
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=_FLOOR_DB,
        vmax=0.0,
        interpolation="bilinear",
        extent=(panel.start_s, end_s, low, high),
    )
    if not to_the_top:
        axes.scatter(
            panel.marks.times_s, panel.marks.pitches, s=22, facecolors="none", edgecolors=_MARK, linewidths=0.9
        )
    axes.set_facecolor("black")
    axes.set_xlim(panel.start_s, panel.start_s + panel.length_s)
    axes.set_ylim(low, high)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontfamily(_FONT)
        tick.set_fontsize(8)


def _levels(panel: Panel, frequencies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Measure the level at each frequency and moment, in dB below the loudest of the panel."""
    mono = panel.samples.mean(axis=0, dtype=np.float64)
    size, hop = max(2, int(_WINDOW_S * panel.rate_hz)), max(1, int(_HOP_S * panel.rate_hz))
    padded = np.pad(mono, (size // 2, size))
    starts = np.arange(0, max(1, len(mono)), hop)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[starts]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)))
    bins = frequencies * size / panel.rate_hz
    below = np.minimum(bins.astype(np.int64), power.shape[1] - 2)
    share = np.clip(bins - below, 0.0, 1.0)
    at = power[:, below] * (1 - share) + power[:, below + 1] * share
    at[:, frequencies > panel.rate_hz / 2] = 0.0
    loudest = float(at.max()) or 1.0
    levels: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(at / loudest, 10 ** (_FLOOR_DB / 10)))
    return levels.T


def _drawable(text: str) -> str:
    return "".join(letter if ord(letter) in _letters() else _BOX for letter in on_one_line(text, _LONGEST))


@cache
def _letters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(findfont(FontProperties(family=[_FONT]))).get_charmap())
