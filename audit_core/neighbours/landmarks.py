"""Landmarks: a peak and two or three that follow it, told so that neither tempo nor pitch changes what is told.

A landmark keeps the intervals between its peaks in half semitones, the times of the inner ones as shares of its span,
and, roughly, the span and the pitch of the first peak. Three peaks (a triplet, 22 bits) survive much and tell little:
they align two files once these are suspected. Four (a quad, 31 bits) tell enough to be looked up among the landmarks
of a hundred thousand files. Landmarks of one pitch throughout, which tones and silence are full of, are left out.

References
----------
.. [1] R. Sonnleitner, G. Widmer, "Robust quad-based audio fingerprinting", IEEE/ACM TASLP 24(3), 2016.
.. [2] J. Six, M. Leman, "Panako: a scalable acoustic fingerprinting system handling time-scale and pitch modification",
   ISMIR 2014.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit_core.audio.kernels import ranks
from audit_core.neighbours.compiled import compiled
from audit_core.neighbours.match import PeakList
from audit_core.neighbours.partitions import in_order

__all__ = ["Triplets", "bitmap", "mark", "quads", "strongest", "triplets"]

PER_SECOND = 30  # peaks that landmarks are made of
AROUND_S = 0.5
FAN = 6  # how many peaks after the first may take part
NEAREST_S = 0.07
FARTHEST_S = 2.3
WIDEST = 18.0  # semitones from the first peak to another
SHORTEST_TRIPLET_S = 0.23
SHORTEST_QUAD_S = 0.28
INNER_GAP_S = 0.046

KEY_BITS = 44  # of a quad's key; the lowest one tells whether it belongs to the sample

# A quad's landmark in 40 bits: when, at which pitch, how long; what is left of 64 numbers the file.
TIME_UNIT_S = 0.1
PITCH_UNIT = 0.375
SPAN_UNIT = 0.015
FILE_SHIFT = 40


class Triplets(NamedTuple):
    """The triplets of a file, in ascending order of their hash: arrays of one length."""

    hashes: NDArray[np.uint64]
    times_s: NDArray[np.float32]
    pitches: NDArray[np.float32]
    spans_s: NDArray[np.float32]


def strongest(peaks: PeakList) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Choose the peaks that landmarks are made of: those that few about them are stronger than.

    Returns
    -------
    times_s, pitches : np.ndarray, shape=(n,), dtype=float32
    """
    times = np.ascontiguousarray(peaks.times_s, np.float32)
    strengths = np.ascontiguousarray(peaks.strengths, np.float32)
    kept = ranks(times, strengths, AROUND_S) < PER_SECOND
    return times[kept], np.ascontiguousarray(peaks.pitches, np.float32)[kept]


def triplets(peaks: PeakList) -> Triplets:
    """Make all triplets of a file."""
    times, pitches = strongest(peaks)
    room = len(times) * (FAN * (FAN - 1) // 2)
    hashes, anchors = np.empty(room, np.uint64), np.empty(room, np.uint64)
    spans = np.empty(room, np.float32)
    count = _triplets(times, pitches, hashes, anchors, spans)
    order = np.arange(count, dtype=np.uint64)
    hashes, order = in_order(hashes[:count], order, 23)
    first = anchors[order]
    return Triplets(hashes, times[first], pitches[first], spans[order])


def quads(
    peaks: PeakList,
    file: int,
    *,
    sampled: int,
    everything: bool,
    wanted: NDArray[np.uint64] | None = None,
    needed: NDArray[np.uint64] | None = None,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Make the quads of a file: those of the sample, and those whose key is wanted, or all.

    Parameters
    ----------
    peaks : PeakList
    file : int
        Its number, less than 2**24.
    sampled : int
        How many of 1024 keys are of the sample, the same ones in every file.
    everything : bool
        Whether to keep all quads.
    wanted, needed : np.ndarray, dtype=uint64, optional
        Sets of keys (`bitmap`, `mark`). What is `wanted` is kept outside the sample too; what is not `needed` is left
        out.

    Returns
    -------
    keys, places : np.ndarray, shape=(n_quads,), dtype=uint64
        The key of each, and where it lies: the bits of `FILE_SHIFT`, `TIME_UNIT_S`, `PITCH_UNIT`, `SPAN_UNIT`.
    """
    times, pitches = strongest(peaks)
    room = len(times) * (FAN * (FAN - 1) * (FAN - 2) // 6)
    keys, places = np.empty(room, np.uint64), np.empty(room, np.uint64)
    wanted = _NOTHING if wanted is None else wanted
    needed = _NOTHING if needed is None else needed
    count = _quads(times, pitches, file, sampled, everything, wanted, needed, keys, places)
    return keys[:count].copy(), places[:count].copy()


_NOTHING = np.empty(0, np.uint64)


@compiled
def _followers(times: NDArray[np.float32], pitches: NDArray[np.float32], first: int, chosen: NDArray[np.int64]) -> int:
    """Choose the peaks that may follow the first in a landmark; return how many."""
    count, later = 0, first + 1
    while later < len(times) and count < len(chosen):
        elapsed = times[later] - times[first]
        if elapsed > FARTHEST_S:
            break
        if elapsed >= NEAREST_S and abs(pitches[later] - pitches[first]) <= WIDEST:
            chosen[count] = later
            count += 1
        later += 1
    return count


@compiled
def _triplets(
    times: NDArray[np.float32],
    pitches: NDArray[np.float32],
    hashes: NDArray[np.uint64],
    anchors: NDArray[np.uint64],
    spans: NDArray[np.float32],
) -> int:
    chosen = np.empty(FAN, np.int64)
    made = 0
    for first in range(len(times)):
        count = _followers(times, pitches, first, chosen)
        zone = min(4, max(0, int(pitches[first] / 24.0)))
        for y in range(1, count):
            span = times[chosen[y]] - times[first]
            if span < SHORTEST_TRIPLET_S:
                continue
            octaves = min(7, int(np.log2(span / SHORTEST_TRIPLET_S) * 2.0))
            last_up = int(np.round((pitches[chosen[y]] - pitches[first]) * 2.0)) + 36
            for x in range(y):
                inner = times[chosen[x]] - times[first]
                inner_up = int(np.round((pitches[chosen[x]] - pitches[first]) * 2.0)) + 36
                if span - inner < INNER_GAP_S or (inner_up == 36 and last_up == 36):
                    continue
                share = min(19, int(inner / span * 20.0))
                hashes[made] = np.uint64((((inner_up * 73 + last_up) * 20 + share) * 8 + octaves) * 5 + zone)
                anchors[made] = np.uint64(first)
                spans[made] = span
                made += 1
    return made


def bitmap(keys: int) -> NDArray[np.uint64]:
    """Make an empty set that so many keys fill by no more than a sixteenth; a large one by more."""
    bits = min(30, max(24, (16 * keys).bit_length()))
    return np.zeros(1 << (bits - 6), np.uint64)


@compiled
def _marked(bitmap: NDArray[np.uint64], key: np.uint64) -> bool:
    """Say whether a key is in a set; now and then it says so of one that is not."""
    position = (key >> np.uint64(1)) & np.uint64(len(bitmap) * 64 - 1)
    return bool((bitmap[position >> np.uint64(6)] >> (position & np.uint64(63))) & np.uint64(1))


@compiled
def mark(bitmap: NDArray[np.uint64], keys: NDArray[np.uint64]) -> None:
    """Put keys into a set."""
    for i in range(len(keys)):
        position = (keys[i] >> np.uint64(1)) & np.uint64(len(bitmap) * 64 - 1)
        bitmap[position >> np.uint64(6)] |= np.uint64(1) << (position & np.uint64(63))


@compiled
def _quads(
    times: NDArray[np.float32],
    pitches: NDArray[np.float32],
    file: int,
    sampled: int,
    everything: bool,
    wanted: NDArray[np.uint64],
    needed: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    places: NDArray[np.uint64],
) -> int:
    chosen = np.empty(FAN, np.int64)
    up = np.empty(FAN, np.int64)
    since = np.empty(FAN, np.float32)
    made = 0
    for first in range(len(times)):
        count = _followers(times, pitches, first, chosen)
        zone = min(4, max(0, int(pitches[first] / 24.0)))
        when = min(2**24 - 1, max(0, int(np.round(times[first] / TIME_UNIT_S))))
        pitch = min(255, max(0, int(np.round(pitches[first] / PITCH_UNIT))))
        for x in range(count):
            up[x] = int(np.round((pitches[chosen[x]] - pitches[first]) * 2.0)) + 36
            since[x] = times[chosen[x]] - times[first]
        for z in range(2, count):
            if since[z] < SHORTEST_QUAD_S:
                continue
            lengths = np.log(since[z] / SHORTEST_QUAD_S)
            octaves = min(7, int(lengths * 2.885390081777927))
            span = min(255, int(np.round(lengths / SPAN_UNIT)))
            place = np.uint64((file << FILE_SHIFT) | (when << 16) | (pitch << 8) | span)
            scale = np.float32(12.0) / since[z]
            for y in range(1, z):
                tail = ((min(11, int(since[y] * scale)) * 8 + octaves) * 5 + zone) * 73 + up[z]
                for x in range(y):
                    if up[x] == 36 and up[y] == 36 and up[z] == 36:
                        continue
                    told = ((tail * 12 + min(11, int(since[x] * scale))) * 73 + up[y]) * 73 + up[x]
                    mixed = np.uint64(told) * np.uint64(0x9E3779B97F4A7C15)
                    mixed ^= mixed >> np.uint64(29)
                    mixed *= np.uint64(0xBF58476D1CE4E5B9)
                    mixed ^= mixed >> np.uint64(32)
                    key = (mixed >> np.uint64(21)) << np.uint64(1)
                    if (mixed & np.uint64(1023)) < np.uint64(sampled):
                        key |= np.uint64(1)
                    elif not everything and not (len(wanted) and _marked(wanted, key)):
                        continue
                    if len(needed) and not _marked(needed, key):
                        continue
                    keys[made] = key
                    places[made] = place
                    made += 1
    return made
