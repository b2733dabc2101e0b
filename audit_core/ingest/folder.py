"""A folder of audio, read as a table is: one row for each file, from its name, its tags, and a table beside it."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from audit_core.audio.files import NotFollowed, Root
from audit_core.audio.paths import unspelled
from audit_core.errors import AudioError, IngestError, Location
from audit_core.ingest.block import MAX_BLOCK_CHARACTERS, Block, Options
from audit_core.ingest.formats import SUFFIXES
from audit_core.ingest.mapping import EXTRA, AssetMapping, Column, FieldMapping, Mapping
from audit_core.ingest.mapping_file import load_mapping
from audit_core.ingest.sidecar import Sidecar, Unused
from audit_core.ingest.tags import AUDIO, TAGS, read_tags
from audit_core.wording import listed, quoted

__all__ = ["COLUMNS", "Folder", "folder_mapping", "split_of"]

#: What is known of a file without a table: by its name, then by its tags.
COLUMNS: Final = ("file.path", "file.size", "file.split", *(f"tag.{name}" for name in TAGS))

_MAPPING: Final = Path(__file__).with_name("folder.yaml")
_SPLITS: Final = MappingProxyType(
    {
        **dict.fromkeys(("train", "training"), "train"),
        **dict.fromkeys(("valid", "validation", "val", "dev", "development"), "valid"),
        **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
    }
)
_WORDS: Final = re.compile(r"[\s._-]+")
_NOT_OURS: Final = "._"  # what macOS puts beside a file on foreign disks
_NAMED: Final = 5
_LINES: Final = 1 << 60  # more than any table has
_PATIENCE_S: Final = 0.5  # for a block: then it is told how far it is


def split_of(path: str) -> str:
    """Give the split that the uppermost folder of a path tells, if one does: ``train-clean-100/a.wav`` is in train.

    Returns
    -------
    split : {"train", "valid", "test", ""}
        Blank if no folder, or one folder two of them, tells it.
    """
    for folder in path.split("/")[:-1]:
        told = {_SPLITS[word] for word in _WORDS.split(folder.casefold()) if word in _SPLITS}
        if told:
            return told.pop() if len(told) == 1 else ""
    return ""


class Folder:
    """A folder of audio.

    Parameters
    ----------
    root : Root
        Where it is.
    sidecar : Sidecar or None
        The table beside it.
    splits : bool
        Whether the names of folders tell the splits.

    Attributes
    ----------
    files, size_bytes : int
        How many were read so far, and how much they are.
    complete : bool
        Whether all of it could be looked into; if not, what was not met may still be there.
    """

    def __init__(self, root: Root, sidecar: Sidecar | None, *, splits: bool) -> None:
        self.root = root
        self.files = self.size_bytes = 0
        self.complete = True
        self._sidecar = sidecar
        self._splits = splits
        self._listing = hashlib.sha256()
        self._troubles: list[AudioError] = []
        self._rowless: list[str] = []
        self._tables: list[str] = []
        self._count_rowless = 0

    @property
    def listing_sha256(self) -> str:
        """The SHA-256 of what was read: of each file its path, a NUL, its size, a NUL."""
        return self._listing.hexdigest()

    def size(self, path: Path) -> int:
        """Give the number of files of audio."""
        return sum(1 for path in self.root.walk() if _is_audio(path))

    def columns(self, path: Path, options: Options) -> tuple[str, ...]:
        """Give the names of the columns that need no table."""
        return COLUMNS

    def blocks(self, path: Path, options: Options) -> Iterator[Block]:
        """Read the files; the line of each is its number. What the table says of no file comes last."""
        head = Block(())
        if self._sidecar is not None:
            for unused in self._sidecar.load(options):
                self._refuse(head, self._sidecar, unused)
        columns = COLUMNS + (self._sidecar.columns if self._sidecar else ())
        head.columns = columns
        yield head
        block, others, characters, begun = Block(columns), 0, 0, time.monotonic()
        for name in self.root.walk(self._troubles.append):
            if not _is_audio(name):
                others += 1
                self._tables += [name] if _suffix(name) in SUFFIXES and len(self._tables) < _NAMED else []
                continue
            self._read(block, name)
            characters += sum(map(len, block.rows[-1])) if block.rows else 0
            full = len(block.rows) + len(block.refused) >= options.size() or characters > MAX_BLOCK_CHARACTERS
            if full or time.monotonic() > begun + _PATIENCE_S:
                block.position = self.files
                yield block
                block, characters, begun = Block(columns), 0, time.monotonic()
        for problem in self._troubles:
            self._skip(block, problem)
        if not self.files and not block.refused:
            raise self._empty(others)
        if self._sidecar is not None:
            for unused in self._sidecar.unused():
                self._refuse(block, self._sidecar, unused)
            if self._count_rowless:
                block.warned.append((Location(self._sidecar.name), self._say_rowless()))
        block.position = self.files
        yield block

    def _read(self, block: Block, path: str) -> None:
        """Read a file, and what the table says of it, into a block."""
        self.files += 1
        line, at = self.files, Location(path)
        block.at[line] = at
        cells = dict.fromkeys(COLUMNS, "")
        cells["file.path"] = path
        said = self._sidecar.row(path) if self._sidecar else None
        beside = said.cells if said else [""] * (len(block.columns) - len(COLUMNS))
        try:
            size = self.root.state(path).size_bytes
            cells["file.size"] = str(size)
            self.size_bytes += size
            self._listing.update(f"{path}\0{size}\0".encode())
            with self.root.open(path) as file:
                tags = read_tags(file, unspelled(path))
            cells.update((f"tag.{name}", value) for name, value in tags.values.items())
            block.warned.extend((at, trouble) for trouble in tags.troubles)
        except AudioError as problem:  # a track that it was stays as it was
            block.refused.append((line, problem.what, [*cells.values(), *beside]))
            return
        except OSError as error:
            block.refused.append((line, f"can't be read: {error.strerror or error}", [*cells.values(), *beside]))
            return
        if self._splits:
            cells["file.split"] = split_of(path)
        row = [*cells.values(), *beside]
        if said is None and self._sidecar is not None:
            self._count_rowless += 1
            self._rowless += [path] if len(self._rowless) < _NAMED else []
        elif said is not None and self._sidecar is not None:
            block.at[line] = Location(self._sidecar.name, said.line)
            if said.problem is not None:
                block.refused.append((line, said.problem, row))
                return
        block.rows.append(row)
        block.lines.append(line)

    def _skip(self, block: Block, problem: AudioError) -> None:
        """Refuse what is no file to be read, if it seems to be meant for one."""
        path = problem.at.file if problem.at else ""
        if isinstance(problem, NotFollowed):
            block.warned.append((Location(path), problem.what))
        elif path.endswith("/") or _is_audio(path):
            self.complete = self.complete and not path.endswith("/")
            line = self.files + len(block.refused) + 1
            block.at[line] = Location(path)
            block.refused.append((line, problem.what, [path, *[""] * (len(block.columns) - 1)]))

    def _refuse(self, block: Block, sidecar: Sidecar, unused: Unused) -> None:
        """Refuse a row of the table."""
        place = unused.line - _LINES  # no number of a file
        block.at[place] = Location(sidecar.name, unused.line)
        block.refused.append((place, unused.reason, [unused.path]))

    def _say_rowless(self) -> str:
        some = listed(self._rowless) if self._count_rowless <= _NAMED else f"{', '.join(self._rowless)}, …"
        files = "1 file has no row" if self._count_rowless == 1 else f"{self._count_rowless:,} files have no row"
        return f"{files} in it, and what they are known by is their tags: {some}"

    def _empty(self, others: int) -> IngestError:
        if not others:
            what = "no audio in the folder: there are no files in it"
        elif others == 1:
            what = "no audio in the folder: its one file is not called as audio is"
        else:
            what = f"no audio in the folder: none of its {others:,} files is called as audio is"
        mend = "Files are read whose names end in .wav, .flac, .mp3, .ogg, .opus, .m4a, .aiff and the like."
        if self._tables:
            mend = f"Tables are named one by one; in it are {', '.join(self._tables)}."
        return IngestError(what, at=Location(self.root.url), mend=mend)


def folder_mapping(over: Mapping | None, columns: Sequence[str]) -> Mapping:
    """Lay a mapping over the one that every folder has: its fields win where they have a value.

    Parameters
    ----------
    over : Mapping or None
        Of the table beside the folder, whose key is the path of a file; or of the folder's own columns.
    columns : sequence of str
        Those of the table.
    """
    mapping = load_mapping(_MAPPING)
    if over is None:
        return replace(mapping, name="folder")
    for name in columns:
        if name in COLUMNS:
            what = f"a column is called {quoted(name)}, as one that every folder of audio has"
            raise IngestError(what, mend="Give it another name.")
    constant = {each.field for each in over.fields if each.column is None} | ({"source"} if over.source else set())
    fields = [each for each in mapping.fields if each.field not in constant]
    own = {each.field for each in fields}
    named = {each.column.name for each in over.fields if each.column is not None}
    # A column that nobody named stays extra.NAME, also where a tag is called so.
    fields += [
        FieldMapping(EXTRA + name, Column(name)) for name in columns if name not in named and EXTRA + name in own
    ]
    audio = next((asset for asset in over.assets if asset.role == "audio"), None)
    [files] = mapping.assets
    files = AssetMapping("audio", files.path, files.size, audio.checksums if audio else {})
    return replace(
        over,
        key=mapping.key,
        fields=(*fields, *over.fields),
        assets=(files, *(asset for asset in over.assets if asset is not audio)),
        name=f"folder, {over.name}" if over.name else "folder",
        text=f"{mapping.text}---\n{over.text}",
        guessed=False,
    )


def _is_audio(path: str) -> bool:
    return _suffix(path) in AUDIO and not PurePosixPath(path).name.startswith(_NOT_OURS)


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
