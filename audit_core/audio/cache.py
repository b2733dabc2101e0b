"""The feature cache: what extractors found, kept under what was encoded, in files beside the database.

Entries are addressed by the extractor's name, its version, and `packets` of the file: whatever name or tags a file has,
what was found in it holds. They lie in shards (`shards`), in a folder for each extractor and version; a folder may be
deleted, and what was in it is found again by listening. Each process that writes appends to a shard of its own, which
it locks, so that a crash damages nobody's. What others wrote meanwhile is seen.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from audit_core.audio.extractor import Extracted
from audit_core.audio.shards import Shard, record
from audit_core.errors import AudioError, Location

__all__ = ["CacheUnwritable", "FeatureCache"]

_SHARD: Final = ".shard"
_FULL_AT: Final = 1 << 30  # bytes; then another shard is begun


class CacheUnwritable(AudioError):
    """The feature cache can't be written: the disk is full, for one. What is in it already stays good."""

    exit_code = 3


class FeatureCache:
    """The feature cache in a folder.

    Parameters
    ----------
    folder : Path
        Made when something is first put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kinds: dict[str, _Kind] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the indexes of what was put in, and let go of all files."""
        for kind in self._kinds.values():
            kind.close()
        self._kinds.clear()

    def put(
        self,
        extractor: str,
        version: str,
        packets: str,
        features: bytes | None = None,
        columns: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what an extractor found. It is safe from a crash of this process; `sync` makes it safe from power cuts.

        Parameters
        ----------
        extractor, version : str
            Which.
        packets : str
            Of the file: 64 hexadecimal digits.
        features : bytes, optional
            What it goes on with.
        columns : mapping, optional
            What it measured: JSON values.

        Raises
        ------
        CacheUnwritable
            If the disk refuses. Nothing of it is kept.
        """
        self._kind(extractor, version).put(bytes.fromhex(packets), record(bytes.fromhex(packets), columns, features))

    def entry(self, extractor: str, version: str, packets: str) -> Extracted | None:
        """Give what an extractor found; None if nothing is kept."""
        found = self._kind(extractor, version).read(bytes.fromhex(packets))
        if found is None:
            return None
        columns, features = found
        return Extracted(json.loads(columns) if columns else {}, features or None)

    def get(self, extractor: str, version: str, packets: str) -> bytes | None:
        """Give the features that an extractor found, empty if it found none, as in silence; None if nothing is kept."""
        found = self._kind(extractor, version).read(bytes.fromhex(packets))
        return None if found is None else found[1]

    def keys(self, extractor: str, version: str) -> Iterator[str]:
        """Give the `packets` of all that is kept, in no order; what was kept twice may come twice."""
        kind = self._kind(extractor, version)
        kind.refresh()
        for shard in kind.shards.values():
            yield from (packets.hex() for packets in shard.packets())

    def kept(self, extractor: str, version: str, packets: Iterable[str]) -> list[bool]:
        """Tell of each file whether anything is kept, without reading it."""
        kind = self._kind(extractor, version)
        kind.refresh()
        wanted = (bytes.fromhex(one) for one in packets)
        return [any(shard.find(one) for shard in kind.shards.values()) for one in wanted]

    def sync(self) -> None:
        """Wait until all that was written, by whomever, is on the disk.

        Raises
        ------
        CacheUnwritable
            If the disk refuses.
        """
        for path in self.folder.glob(f"*/*{_SHARD}"):
            try:
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _unwritable(self.folder, error) from error

    def _kind(self, extractor: str, version: str) -> _Kind:
        name = re.sub(r"[^\w.-]", "_", f"{extractor}-{version}")
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kinds[name] = _Kind(self.folder / name)
        return kind


class _Kind:
    """The shards of one extractor and version; one of them may be ours to write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.shards: dict[str, Shard] = {}
        self._own: Shard | None = None
        self._number = -1  # the descriptor that writes and holds the lock
        self.refresh()

    def refresh(self) -> bool:
        """See what others wrote; tell whether that was anything."""
        more = sum(shard.refresh() for shard in self.shards.values()) > 0  # each of them
        for path in sorted(self._folder.glob(f"*{_SHARD}")):
            if path.name not in self.shards:
                self.shards[path.name] = Shard(path)
                more = True
        return more

    def read(self, packets: bytes) -> tuple[bytes, bytes] | None:
        found = self._read(packets)
        if found is None and self.refresh():
            found = self._read(packets)
        return found

    def _read(self, packets: bytes) -> tuple[bytes, bytes] | None:
        for shard in reversed(self.shards.values()):
            place = shard.find(packets)
            found = shard.read(packets, place) if place else None
            if found is not None:
                return found
        return None

    def put(self, packets: bytes, whole: bytes) -> None:
        try:
            if self._own is None or self._own.covered >= _FULL_AT:
                self._let_go()
                self._own = self._taken()
            _append(self._number, whole, self._own.covered)
        except OSError as error:
            raise _unwritable(self._folder.parent, error) from error
        self._own.refresh()

    def close(self) -> None:
        self._let_go()
        for shard in self.shards.values():
            shard.close()
        self.shards.clear()

    def _let_go(self) -> None:
        if self._own is not None:
            self._own.write_index()
            os.close(self._number)
            self._own, self._number = None, -1

    def _taken(self) -> Shard:
        """Take a shard that nobody writes and that has room, or begin one; cut off what is not whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.refresh()
        roomy = [name for name, shard in self.shards.items() if shard.covered < _FULL_AT]
        name = next((name for name in roomy if self._locked(name, 0)), None)
        number = len(self.shards)
        while name is None:
            new = f"{number:06}{_SHARD}"
            name = new if self._locked(new, os.O_CREAT | os.O_EXCL) else None
            number += 1
        self.refresh()  # what its writer before us wrote last
        shard = self.shards[name]
        os.ftruncate(self._number, shard.covered)
        return shard

    def _locked(self, name: str, how: int) -> bool:
        """Open a shard for writing, unless another process has it."""
        try:
            number = os.open(self._folder / name, os.O_WRONLY | os.O_CLOEXEC | how, 0o666)
        except (FileExistsError, FileNotFoundError):
            return False
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(number)
            return False
        self._number = number
        return True


def _append(number: int, whole: bytes, at: int) -> None:
    """Write a record at the end of a shard, or nothing."""
    done = 0
    try:
        while done < len(whole):
            done += os.pwrite(number, memoryview(whole)[done:], at + done)
    except OSError:
        os.ftruncate(number, at)
        raise


def _unwritable(folder: Path, error: OSError) -> CacheUnwritable:
    why = (error.strerror or str(error)).lower()
    return CacheUnwritable(
        f"what is heard can't be kept: {why}",
        at=Location(str(folder)),
        mend="Make room there, or set `features` in cratecheck.toml to a folder with room. Then start again: what was"
        " heard so far is kept.",
    )
