"""Pairs of numbers on disk, parted by the range of the first: written in any order, read back part by part, sorted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit_core.neighbours.compiled import compiled

__all__ = ["Partitions", "in_order"]

Numbers = NDArray[np.uint64]

WRITTEN_AT_ONCE = 1 << 22


class Partitions:
    """Rows of a key and a payload, in a power of two of files.

    What is of equal keys is read in the order in which it was written. One part alone is kept in memory.

    Parameters
    ----------
    folder : Path
        Where the files are made.
    name : str
        What they are called.
    parts : int
        How many; a power of two.
    key_bits : int
        Keys are less than ``2**key_bits``; the highest bits choose the part.
    """

    def __init__(self, folder: Path, name: str, parts: int, key_bits: int) -> None:
        self.parts, self.rows = parts, 0
        self._folder, self._name, self._key_bits = folder, name, key_bits
        self._part_bits = parts.bit_length() - 1
        self._waiting: list[tuple[Numbers, Numbers]] = []
        self._waits = 0

    def put(self, keys: Numbers, payload: Numbers) -> None:
        """Add rows; the arrays are kept, not copied."""
        self.rows += len(keys)
        self._waits += len(keys)
        self._waiting.append((keys, payload))
        if self.parts > 1 and self._waits >= WRITTEN_AT_ONCE:
            self._write()

    def part(self, number: int) -> tuple[Numbers, Numbers]:
        """Read a part, sorted by key, and forget it."""
        if self.parts == 1:
            keys, payload = self._gathered()
        else:
            self._write()
            path = self._path(number)
            if not path.exists():
                return np.empty(0, np.uint64), np.empty(0, np.uint64)
            runs = np.fromfile(path, np.uint64)
            path.unlink()
            keys, payload = _untangled(runs)
            del runs
        return in_order(keys, payload, self._key_bits - self._part_bits)

    def _gathered(self) -> tuple[Numbers, Numbers]:
        keys = np.concatenate([keys for keys, _ in self._waiting] or [np.empty(0, np.uint64)])
        payload = np.concatenate([payload for _, payload in self._waiting] or [np.empty(0, np.uint64)])
        self._waiting, self._waits = [], 0
        return keys, payload

    def _write(self) -> None:
        if not self._waits:
            return
        keys, payload = self._gathered()
        shift = np.uint64(self._key_bits - self._part_bits)
        parts = (keys >> shift).astype(np.int64)
        ends = np.zeros(self.parts + 1, np.int64)
        out_keys, out_payload = np.empty_like(keys), np.empty_like(payload)
        _parted(keys, payload, parts, ends, out_keys, out_payload)
        for number in range(self.parts):
            low, high = int(ends[number]), int(ends[number + 1])
            if high > low:
                with self._path(number).open("ab") as file:
                    np.array([high - low], np.uint64).tofile(file)
                    out_keys[low:high].tofile(file)
                    out_payload[low:high].tofile(file)

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}-{number:05d}"


def _untangled(runs: Numbers) -> tuple[Numbers, Numbers]:
    """Part a file's runs, each its length, its keys and its payload, into keys and payload."""
    keys, payload = [], []
    at = 0
    while at < len(runs):
        length = int(runs[at])
        keys.append(runs[at + 1 : at + 1 + length])
        payload.append(runs[at + 1 + length : at + 1 + 2 * length])
        at += 1 + 2 * length
    return np.concatenate(keys), np.concatenate(payload)


def in_order(keys: Numbers, payload: Numbers, bits: int) -> tuple[Numbers, Numbers]:
    """Sort by the lowest bits of the key, equal ones staying in their order; the arrays given are overwritten.

    Parameters
    ----------
    keys, payload : np.ndarray, shape=(n,), dtype=uint64
    bits : int
        How many bits of the key are sorted by.
    """
    other_keys, other_payload = np.empty_like(keys), np.empty_like(payload)
    digit = 8 if len(keys) < 200_000 else 11
    for shift in range(0, bits, digit):
        _one_digit(keys, payload, other_keys, other_payload, shift, min(digit, bits - shift))
        keys, other_keys = other_keys, keys
        payload, other_payload = other_payload, payload
    return keys, payload


@compiled
def _parted(
    keys: Numbers,
    payload: Numbers,
    parts: NDArray[np.int64],
    ends: NDArray[np.int64],
    out_keys: Numbers,
    out_payload: Numbers,
) -> None:
    for part in parts:
        ends[part + 1] += 1
    for part in range(len(ends) - 1):
        ends[part + 1] += ends[part]
    position = ends.copy()
    for i in range(len(keys)):
        at = position[parts[i]]
        out_keys[at] = keys[i]
        out_payload[at] = payload[i]
        position[parts[i]] = at + 1


@compiled
def _one_digit(
    keys: NDArray[Any],
    payload: NDArray[Any],
    out_keys: NDArray[Any],
    out_payload: NDArray[Any],
    shift: int,
    digit: int,
) -> None:
    by = np.uint64(shift)
    mask = np.uint64((1 << digit) - 1)
    starts = np.zeros((1 << digit) + 1, np.int64)
    for i in range(len(keys)):
        starts[np.int64((keys[i] >> by) & mask) + 1] += 1
    for value in range(1 << digit):
        starts[value + 1] += starts[value]
    for i in range(len(keys)):
        bucket = np.int64((keys[i] >> by) & mask)
        position = starts[bucket]
        out_keys[position] = keys[i]
        out_payload[position] = payload[i]
        starts[bucket] = position + 1
