"""One shard of the feature cache: a file that only grows, of records that each prove themselves.

A record is a head (magic, CRC-32 of all that follows it, `packets`, two lengths), then columns as JSON, then features.
Beside the shard lies its index, sorted by `packets` and read by memory map. It says how much of the shard it covers;
what came after is found by reading on from there. So neither a crash in the middle of a record nor one before the index
was written loses what is whole, and what is not whole is never read.
"""

from __future__ import annotations

import json
import mmap
import os
import secrets
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Place", "Shard", "record"]

_MAGIC: Final = b"CCF1"
_HEAD: Final = struct.Struct("<4sI32sII")
_AFTER_CRC: Final = 8
_INDEX_MAGIC: Final = b"CCFI0001"
_INDEX_HEAD: Final = struct.Struct("<8sQQ")
_ENTRY: Final = np.dtype([("packets", "V32"), ("at", "<u8"), ("columns", "<u4"), ("features", "<u4")])
_FRESH: Final = 20_000  # so many entries may wait in memory for the index


class Place(NamedTuple):
    """Where a record is in its shard: where its columns begin, and how long they and its features are."""

    at: int
    columns: int
    features: int


def record(packets: bytes, columns: Mapping[str, Any] | None, features: bytes | None) -> bytes:
    """Write a record; what has no features, or empty ones, has none when it is read."""
    words = json.dumps(columns, separators=(",", ":"), sort_keys=True).encode() if columns else b""
    body = b"".join(
        [_HEAD.pack(b"", 0, packets, len(words), len(features or b""))[_AFTER_CRC:], words, features or b""]
    )
    return struct.pack("<4sI", _MAGIC, zlib.crc32(body)) + body


class Shard:
    """A shard, as far as it is whole.

    Parameters
    ----------
    path : Path
        Of the shard; its index is beside it.

    Attributes
    ----------
    covered : int
        Up to where it is known to be whole, in bytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.covered = 0
        self._index_path = path.with_suffix(".index")
        self._keys: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
        self._entries: npt.NDArray[Any] = np.empty(0, _ENTRY)
        self._fresh: dict[bytes, Place] = {}
        self._map: mmap.mmap | None = None
        self._file = path.open("rb")
        self._read_index()
        self.refresh()
        if len(self._fresh) > _FRESH // 10:
            self.write_index()

    def close(self) -> None:
        """Let go of the files."""
        if self._map is not None:
            self._map.close()
        self._file.close()

    def refresh(self) -> bool:
        """Read on from where the shard was known to be whole; tell whether there was more."""
        size = os.fstat(self._file.fileno()).st_size
        start = self.covered
        while self.covered + _HEAD.size <= size:
            head = os.pread(self._file.fileno(), _HEAD.size, self.covered)
            magic, crc, packets, columns, features = _HEAD.unpack(head)
            end = self.covered + _HEAD.size + columns + features
            if magic != _MAGIC or end > size:
                break
            body = os.pread(self._file.fileno(), columns + features, self.covered + _HEAD.size)
            if len(body) != columns + features or zlib.crc32(body, zlib.crc32(head[_AFTER_CRC:])) != crc:
                break
            self.add(packets, Place(self.covered + _HEAD.size, columns, features), end)
        return self.covered > start

    def add(self, packets: bytes, place: Place, end: int) -> None:
        """Note a record that is whole."""
        self._fresh[packets] = place
        self.covered = end
        if len(self._fresh) > max(_FRESH, len(self._keys) // 4):
            self.write_index()

    def find(self, packets: bytes) -> Place | None:
        """Look a record up; if there are several, the newest."""
        if place := self._fresh.get(packets):
            return place
        key = np.uint64(int.from_bytes(packets[:8], "big"))
        at = int(np.searchsorted(self._keys, key))
        while at < len(self._keys) and self._keys[at] == key:
            entry = self._entries[at]
            if entry["packets"].tobytes() == packets:
                return Place(int(entry["at"]), int(entry["columns"]), int(entry["features"]))
            at += 1
        return None

    def read(self, packets: bytes, place: Place) -> tuple[bytes, bytes] | None:
        """Give columns and features of a record; None if it is not what the index says, for the disk lost it."""
        end = place.at + place.columns + place.features
        whole = self._mapped(end)
        if whole is None:
            return None
        start = place.at - _HEAD.size
        magic, crc, *rest = _HEAD.unpack_from(whole, start)
        with memoryview(whole) as view:
            same = rest == [packets, place.columns, place.features] and magic == _MAGIC
            if not same or zlib.crc32(view[start + _AFTER_CRC : end]) != crc:
                return None
            return bytes(view[place.at : place.at + place.columns]), bytes(view[place.at + place.columns : end])

    def packets(self) -> Iterator[bytes]:
        """Give what there is a record of; what was written twice may come twice."""
        yield from self._fresh
        for first in range(0, len(self._entries), 4096):
            yield from (one.tobytes() for one in self._entries["packets"][first : first + 4096])

    def write_index(self) -> None:
        """Write the index anew. A disk that has no room for it is no fault: the shard is read instead."""
        if not self._fresh:
            return
        new = np.empty(len(self._fresh), _ENTRY)
        new["packets"] = np.frombuffer(b"".join(self._fresh), "V32")
        for name, column in zip(("at", "columns", "features"), zip(*self._fresh.values(), strict=True), strict=True):
            new[name] = column
        entries = np.concatenate([new, self._entries])  # the newest first, and `stable` leaves it so
        keys = np.frombuffer(entries["packets"].tobytes(), ">u8").reshape(-1, 4)[:, 0].astype("<u8")
        order = np.argsort(keys, kind="stable")
        temporary = self._index_path.with_suffix(f".{secrets.token_hex(4)}.new")
        try:
            with temporary.open("xb") as file:
                file.write(_INDEX_HEAD.pack(_INDEX_MAGIC, self.covered, len(entries)))
                file.write(keys[order].tobytes())
                file.write(entries[order].tobytes())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._index_path)
        except OSError:
            temporary.unlink(missing_ok=True)
            return
        covered = self.covered
        self._read_index()
        if self.covered == covered:
            self._fresh.clear()

    def _read_index(self) -> None:
        """Map the index, unless it is damaged or of a shard that was longer."""
        try:
            with self._index_path.open("rb") as file:
                magic, covered, count = _INDEX_HEAD.unpack(file.read(_INDEX_HEAD.size))
            size = self._index_path.stat().st_size
        except (OSError, struct.error):
            return
        whole = size == _INDEX_HEAD.size + count * (8 + _ENTRY.itemsize)
        if magic != _INDEX_MAGIC or not whole or covered > os.fstat(self._file.fileno()).st_size or not count:
            return
        if covered < self.covered:
            return
        self._keys = np.memmap(self._index_path, "<u8", "r", _INDEX_HEAD.size, (count,))
        self._entries = np.memmap(self._index_path, _ENTRY, "r", _INDEX_HEAD.size + 8 * count, (count,))
        self.covered = covered

    def _mapped(self, end: int) -> mmap.mmap | None:
        if self._map is None or len(self._map) < end:
            if os.fstat(self._file.fileno()).st_size < end:
                return None
            if self._map is not None:
                self._map.close()
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._map
