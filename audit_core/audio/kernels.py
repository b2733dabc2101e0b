"""The inner loops of the analysis, compiled by numba once and kept beside this file, or in the user's cache.

Written so that they become vector instructions: loops over contiguous rows, no branch within, maxima and sums over a
window by doubling. NaN is kept a number apart (no `nnan`), since files may hold it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
from numba import float32, int32, int64

from audit_core.audio.extractor import Samples

__all__ = ["compiled", "filtered", "mixed", "picked", "ranks", "warm", "whitened"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_FAST: Final = {"contract", "reassoc", "nsz", "arcp"}
_LOUDEST: Final = 1e3  # 60 dB over full scale: what lies beyond is no sound
_FLOOR: Final = 1e-7  # power under which nothing is told apart: that of the rounding to 16 bits, and silence
_BURIED: Final = 1e-3  # times the mean power of a frame: what lies deeper, few ears hear and few codecs keep
_BREADTH: Final = 0.09  # 1.5 semitones, as a share of the frequency

_SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {}
_row = float32[::1]
_rows = float32[:, ::1]


def _kernel(*signature: Any) -> Callable[[_Function], _Function]:
    def decorate(function: _Function) -> _Function:
        _SIGNATURES[function.__name__] = signature
        return cast(_Function, numba.njit(cache=True, fastmath=_FAST, error_model="numpy")(function))

    return decorate


def compiled() -> bool:
    """Say whether all is compiled already, so that nobody waits for it."""
    return all(
        kernel.signatures or kernel._cache.load_overload(signature, kernel.targetctx) is not None
        for kernel, signature in _kernels()
    )


def warm() -> None:
    """Compile what is not compiled yet, or load it from the cache."""
    for kernel, signature in _kernels():
        kernel.compile(signature)


def _kernels() -> list[tuple[Any, tuple[Any, ...]]]:
    return [(globals()[name], signature) for name, signature in _SIGNATURES.items()]


@_kernel(_rows)
def mixed(block: Samples) -> Samples:
    """Give the mean of the channels; what is no number, or far out of scale, becomes 0."""
    channels, n = block.shape
    mono = np.empty(n, np.float32)
    share = np.float32(1.0 / channels)
    most = np.float32(_LOUDEST)
    first = block[0]
    for i in range(n):
        mono[i] = first[i]
    for c in range(1, channels):
        row = block[c]
        for i in range(n):
            mono[i] += row[i]
    for i in range(n):
        y = mono[i] * share
        mono[i] = y if abs(y) <= most else np.float32(0)
    return mono


@_kernel(_row, _rows, int64, int64, int64)
def filtered(x: Samples, phases: Samples, phase: int, down: int, n: int) -> Samples:
    """Filter as if `up` times as fast, and keep one sample of `down`.

    Parameters
    ----------
    x : np.ndarray, shape=(at least (phase + n * down) / up + taps,)
    phases : np.ndarray, shape=(up, taps)
        Row p holds the taps p, p + up, … of the filter, turned round.
    phase : int
        Of the first sample, in steps of the faster rate.
    down : int
    n : int
        How many samples are made.

    Returns
    -------
    y : np.ndarray, shape=(n,), dtype=float32
        Each is summed in the same order, whatever the others are.
    """
    up, taps = phases.shape
    whole, part = down // up, down % up
    at = 0
    y = np.empty(n, np.float32)
    for i in range(n):
        h = phases[phase]
        heard = x[at : at + taps]
        total = np.float32(0)
        for k in range(taps):
            total += h[k] * heard[k]
        y[i] = total
        at += whole
        phase += part
        if phase >= up:
            phase -= up
            at += 1
    return y


@_kernel(_rows, _rows, _row, int64, int64, _rows)
def whitened(spectra: Samples, scratch: Samples, share: Samples, first: int, reach: int, out: Samples) -> None:
    """Give log power minus its mean over 40 bins on either side, of every frame.

    Parameters
    ----------
    spectra : np.ndarray, shape=(frames, 2 * bins)
        Real and imaginary parts in turn.
    scratch : np.ndarray, shape=(5, n + 2 * reach)
    share : np.ndarray, shape=(n,)
        1 over the number of bins that each mean is of: fewer than 81 near bin 0 and the last one.
    first : int
        The first bin that is wanted.
    reach : int
        40: what the sums below are made for.
    out : np.ndarray, shape=(frames, n)
        Natural logarithms; overwritten.
    """
    frames, n = out.shape
    bins = spectra.shape[1] // 2
    low = max(0, first - reach)
    heard = min(bins, first + n + reach) - low
    before = low - (first - reach)
    width = n + 2 * reach
    power = scratch[0]
    bits = power.view(np.int32)
    log, two, four, sixteen = scratch[1], scratch[2], scratch[3], scratch[4]
    log[:] = np.float32(0)
    inner = log[before : before + heard]
    for t in range(frames):
        x = spectra[t, 2 * low : 2 * (low + heard)]
        for k in range(heard):
            re, im = x[2 * k], x[2 * k + 1]
            power[k] = re * re + im * im
        total = np.float32(0)
        for k in range(heard):
            total += power[k]
        floor = np.float32(_FLOOR) + total * (np.float32(_BURIED) / np.float32(heard))
        for k in range(heard):
            power[k] += floor
        for k in range(heard):
            e = np.float32((bits[k] >> np.int32(23)) - np.int32(127))
            m = np.float32(bits[k] & np.int32(0x7FFFFF)) * np.float32(2.0**-23)
            # ln(1 + m), off by less than 1.3e-5, exact at either end
            bent = np.float32(0.30625729) + m * (
                np.float32(-0.18474887) + m * (np.float32(0.10190565) - m * np.float32(0.03066742))
            )
            inner[k] = np.float32(0.6931471805599453) * (e + m) + m * (np.float32(1) - m) * bent
        for k in range(width - 1):
            two[k] = log[k] + log[k + 1]
        for k in range(width - 3):
            four[k] = two[k] + two[k + 2]
        for k in range(width - 7):
            two[k] = four[k] + four[k + 4]
        for k in range(width - 15):
            sixteen[k] = two[k] + two[k + 8]
        for k in range(width - 31):
            two[k] = sixteen[k] + sixteen[k + 16]
        for k in range(width - 63):
            four[k] = two[k] + two[k + 32]
        row = out[t]
        centre, next16, last = log[reach:], sixteen[64:], log[80:]
        for k in range(n):
            row[k] = centre[k] - (four[k] + next16[k] + last[k]) * share[k]


@_kernel(_rows, _rows, int64, int64, float32, _rows)
def picked(w: Samples, scratch: Samples, first: int, frame: int, least: float, out: Samples) -> int:
    """Find the maxima of a neighbourhood in time and log-frequency.

    Parameters
    ----------
    w : np.ndarray, shape=(frames + 10, bins)
        Whitened log power, with 5 rows of context on either side of the rows that are searched.
    scratch : np.ndarray, shape=(3, bins)
    first : int
        The bin of column 0.
    frame : int
        The number of the first row searched.
    least : float
        Lower values are no peaks.
    out : np.ndarray, shape=(many, 3)
        Filled with frame, bin (both interpolated) and value. Frames ascend but for their fractions.

    Returns
    -------
    n : int
        How many were found.
    """
    bins = w.shape[1]
    found = 0
    highest, two, four = scratch[0], scratch[1], scratch[2]
    four[:] = np.float32(np.inf)
    for r in range(5, w.shape[0] - 5):
        here = w[r]
        a, b, c, d, e = w[r - 5], w[r - 4], w[r - 3], w[r - 2], w[r - 1]
        f, g, h, i, j = w[r + 1], w[r + 2], w[r + 3], w[r + 4], w[r + 5]
        for k in range(bins):
            highest[k] = max(
                max(max(max(a[k], b[k]), max(c[k], d[k])), max(max(e[k], f[k]), max(g[k], h[k]))),
                max(max(i[k], j[k]), here[k]),
            )
        # of 9 bins, the first guess at 1.5 semitones: four[k] is over k - 4 … k + 4
        for k in range(bins - 1):
            two[k] = max(highest[k], highest[k + 1])
        for k in range(bins - 3):
            two[k] = max(two[k], two[k + 2])
        middle = four[4:]
        for k in range(bins - 8):
            middle[k] = max(max(two[k], two[k + 4]), highest[k + 8])
        for k in range(4, bins - 4):
            y = here[k]
            if y < four[k] or y < least:
                continue
            width = max(4, int((first + k) * _BREADTH))
            alone = here[k - 1] < y
            for m in range(max(0, k - width), k - 4):
                alone = alone and highest[m] <= y
            for m in range(k + 5, min(bins, k + width + 1)):
                alone = alone and highest[m] <= y
            for m in range(1, 6):  # of what stays the same, the first
                alone = alone and w[r - m, k] < y
            if not alone or found >= out.shape[0]:
                continue
            bend = here[k - 1] - 2 * y + here[k + 1]
            shift = (here[k - 1] - here[k + 1]) / (2 * bend) if -1e6 < bend < -1e-6 else np.float32(0)
            bend = e[k] - 2 * y + f[k]
            delay = (e[k] - f[k]) / (2 * bend) if -1e6 < bend < -1e-6 else np.float32(0)
            out[found, 0] = frame + r - 5 + min(max(delay, np.float32(-0.5)), np.float32(0.5))
            out[found, 1] = first + k + min(max(shift, np.float32(-0.5)), np.float32(0.5))
            out[found, 2] = y
            found += 1
    return found


@_kernel(_row, _row, float32)
def ranks(times: Samples, strengths: Samples, reach_s: float) -> np.ndarray[Any, Any]:
    """Count for every peak the stronger ones within a time on either side; times ascend."""
    n = times.size
    rank = np.zeros(n, np.int32)
    start = 0
    for i in range(n):
        while times[i] - times[start] > reach_s:
            start += 1
        count = int32(0)
        j = start
        while j < n and times[j] - times[i] <= reach_s:
            if strengths[j] > strengths[i] or (strengths[j] == strengths[i] and j < i):
                count += int32(1)
            j += 1
        rank[i] = count
    return rank
