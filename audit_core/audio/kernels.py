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

__all__ = ["compiled", "filtered", "filtered_rationally", "mixed", "picked", "ranks", "warm", "whitened"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_FAST: Final = {"contract", "reassoc", "nsz", "arcp"}
_LOUDEST: Final = 1e3  # 60 dB over full scale: what lies beyond is no sound

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


@_kernel(_row, _rows, int64)
def filtered(x: Samples, phases: Samples, n: int) -> Samples:
    """Filter, and keep one sample of `down`: ``y[i] = sum_k h[k] * x[i * down + k]``.

    Parameters
    ----------
    x : np.ndarray, shape=(at least n * down + taps * down,)
    phases : np.ndarray, shape=(down, taps), taps a multiple of 8
        ``phases[p, m]`` is ``h[m * down + p]``.
    n : int
        How many samples are made.
    """
    down, taps = phases.shape
    y = np.zeros(n, np.float32)
    one = np.empty(n + taps, np.float32)
    for p in range(down):
        for i in range(n + taps - 1):
            one[i] = x[i * down + p]
        for m in range(0, taps, 8):
            h0, h1, h2, h3 = phases[p, m], phases[p, m + 1], phases[p, m + 2], phases[p, m + 3]
            h4, h5, h6, h7 = phases[p, m + 4], phases[p, m + 5], phases[p, m + 6], phases[p, m + 7]
            for i in range(n):
                j = i + m
                y[i] += (h0 * one[j] + h1 * one[j + 1] + h2 * one[j + 2] + h3 * one[j + 3]) + (
                    h4 * one[j + 4] + h5 * one[j + 5] + h6 * one[j + 6] + h7 * one[j + 7]
                )
    return y


@_kernel(_row, _rows, int64, int64, int64)
def filtered_rationally(x: Samples, phases: Samples, phase: int, down: int, n: int) -> Samples:
    """Filter as if `up` times as fast, and keep one sample of `down`.

    Parameters
    ----------
    x : np.ndarray
    phases : np.ndarray, shape=(up, taps)
        Row p holds the taps p, p + up, … in reverse.
    phase : int
        Of the first sample, in steps of the faster rate.
    down : int
    n : int
        How many samples are made.
    """
    up, taps = phases.shape
    y = np.empty(n, np.float32)
    for i in range(n):
        t = phase + i * down
        at = t // up
        h = phases[t % up]
        total = np.float32(0)
        for k in range(taps):
            total += h[k] * x[at + k]
        y[i] = total
    return y


@_kernel(_rows, _rows, _rows, int64, int64, int64)
def whitened(spectra: Samples, scratch: Samples, out: Samples, first: int, last: int, reach: int) -> None:
    """Give log power minus its mean over the bins around, of every frame.

    Parameters
    ----------
    spectra : np.ndarray, shape=(frames, 2 * bins)
        Real and imaginary parts in turn.
    scratch : np.ndarray, shape=(4, at least last - first + 4 * reach + 64)
    out : np.ndarray, shape=(frames, last - first)
        Natural logarithms; overwritten.
    first, last : int
        The bins that are wanted.
    reach : int
        The mean is of so many bins on either side, fewer at bin 0 and at the last.
    """
    frames = spectra.shape[0]
    bins = spectra.shape[1] // 2
    low = max(0, first - reach)
    high = min(bins, last + reach)
    n = high - low
    power = scratch[0]
    bits = power.view(np.int32)
    log = scratch[1]
    total = scratch[2]
    for t in range(frames):
        x = spectra[t]
        for k in range(n):
            re = x[2 * (low + k)]
            im = x[2 * (low + k) + 1]
            power[k] = re * re + im * im + np.float32(1e-6)
        for k in range(n):
            b = bits[k]
            e = np.float32((b >> 23) - 127)
            m = np.float32(b & 0x7FFFFF) * np.float32(2.0**-23)
            # ln(1 + m), off by less than 1.3e-5, exact at either end
            bent = np.float32(0.30625729) + m * (
                np.float32(-0.18474887) + m * (np.float32(0.10190565) - m * np.float32(0.03066742))
            )
            log[k] = np.float32(0.6931471805599453) * (e + m) + m * (np.float32(1) - m) * bent
        running = np.float32(0)
        total[0] = running
        for k in range(n):
            running += log[k]
            total[k + 1] = running
        row = out[t]
        for k in range(last - first):
            a = max(0, first + k - reach - low)
            b2 = min(n, first + k + reach + 1 - low)
            row[k] = log[first + k - low] - (total[b2] - total[a]) / np.float32(b2 - a)


@_kernel(_rows, _rows, int64, int64, int64, float32, _rows)
def picked(w: Samples, most: Samples, reach: int, first: int, until: int, least: float, out: Samples) -> int:
    """Find the maxima of a neighbourhood in time and log-frequency, among some rows.

    Parameters
    ----------
    w : np.ndarray, shape=(frames, bins)
        Whitened log power, with `reach` rows of context on either side of the rows that are searched.
    most : np.ndarray, shape=(2, bins)
        Scratch.
    reach : int
        In frames.
    first : int
        The bin of column 0.
    until : int
        How many rows are searched, from row `reach`.
    least : float
        Lower values are no peaks.
    out : np.ndarray, shape=(many, 3)
        Filled with frame (0 is the first row searched), bin, and value.

    Returns
    -------
    n : int
        How many were found.
    """
    bins = w.shape[1]
    found = 0
    highest = most[0]
    for r in range(reach, reach + until):
        here = w[r]
        for k in range(bins):
            highest[k] = max(max(w[r - 1, k], w[r + 1, k]), here[k])
        for d in range(2, reach + 1):
            before = w[r - d]
            after = w[r + d]
            for k in range(bins):
                highest[k] = max(highest[k], max(before[k], after[k]))
        for k in range(1, bins - 1):
            y = here[k]
            if y < least or y < highest[k] or y <= here[k - 1] or y < here[k + 1]:
                continue
            width = max(4, int((first + k) * 0.09))
            ok = True
            for j in range(1, width + 1):
                if k - j >= 0 and highest[k - j] > y:
                    ok = False
                    break
                if k + j < bins and highest[k + j] > y:
                    ok = False
                    break
            if not ok:
                continue
            for d in range(1, reach + 1):  # of what stays the same, the first
                if w[r - d, k] >= y:
                    ok = False
                    break
            if not ok or found >= out.shape[0]:
                continue
            left, right = here[k - 1], here[k + 1]
            bent = left - 2 * y + right
            shift = (left - right) / (2 * bent) if -1e6 < bent < -1e-6 else np.float32(0)
            early, late = w[r - 1, k], w[r + 1, k]
            bent = early - 2 * y + late
            delay = (early - late) / (2 * bent) if -1e6 < bent < -1e-6 else np.float32(0)
            out[found, 0] = (r - reach) + min(max(delay, np.float32(-0.5)), np.float32(0.5))
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
