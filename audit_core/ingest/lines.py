"""The lines of a text file, none of them longer than memory should hold, in a stated encoding."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from audit_core.errors import IngestError, Location

__all__ = ["LONGEST_PIECE", "Lines"]

#: A longer line comes in pieces.
LONGEST_PIECE: Final = 1_000_000
_CHUNK: Final = 1 << 20


class Lines:
    """A text file, line by line, with line ends kept. A line past `LONGEST_PIECE` comes in pieces.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str
        A byte order mark is left out in any case.

    Attributes
    ----------
    number : int
        Of the line that was last begun, from 1.
    record : list of str
        What was given since the reader last cleared it.
    odd : bool
        Whether `long`, `nul` or `ended` holds; `pardon` resets the first two.
    long, nul : bool
        Whether the record has a line that came in pieces, or a NUL byte.
    ended : bool
        Whether more was asked for than the file has.
    characters : int
        How many were given in all.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self.number = 0
        self.record: list[str] = []
        self.odd = self.long = self.nul = self.ended = False
        self.characters = 0
        self._path = path
        self._encoding = encoding
        self._binary: io.FileIO | None = None
        self._text: io.TextIOWrapper | None = None

    @contextmanager
    def open(self) -> Iterator[Lines]:
        """Open the file, and say in plain words what is wrong with it.

        Raises
        ------
        IngestError
            If it can't be opened, or holds bytes that the encoding doesn't know.
        """
        try:
            with io.FileIO(self._path) as self._binary:
                encoding = "utf-8-sig" if self._encoding == "utf-8" else self._encoding
                with io.TextIOWrapper(io.BufferedReader(self._binary, _CHUNK), encoding, newline="") as self._text:
                    yield self
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise IngestError(f"can't be read: {reason}", at=Location(str(self._path))) from error
        except UnicodeError as error:
            raise self._undecodable() from error

    @property
    def position(self) -> int:
        """How many bytes have been read, within a chunk."""
        assert self._binary is not None  # noqa: S101 - asked of an open file
        return self._binary.tell()

    def __iter__(self) -> Iterator[str]:
        assert self._text is not None  # noqa: S101 - asked of an open file
        readline = self._text.readline
        record = self.record
        begun = False
        while line := readline(LONGEST_PIECE):
            if not begun:
                self.number += 1
            begun = len(line) == LONGEST_PIECE and line[-1] not in "\r\n"
            if begun:
                self.odd = self.long = True
            if "\0" in line:
                self.odd = self.nul = True
            self.characters += len(line)
            record.append(line)
            yield line
        self.odd = self.ended = True

    def pardon(self) -> None:
        """Forget what was odd about a record, and the record."""
        self.long = self.nul = False
        self.odd = self.ended
        self.record.clear()

    def _undecodable(self) -> IngestError:
        """Find the first byte that the encoding doesn't know."""
        decoder = codecs.getincrementaldecoder(self._encoding)()
        before = line = 0
        with self._path.open("rb") as file:
            while True:
                chunk = file.read(_CHUNK)
                held = len(decoder.getstate()[0])
                try:
                    line += decoder.decode(chunk, final=not chunk).count("\n")
                except UnicodeDecodeError as error:
                    offset = before - held + error.start
                    line += error.object[: error.start].count(b"\n")
                    return self._not_in_encoding(offset, line + 1, error.object[error.start])
                except UnicodeError:  # UTF-16 without its byte order mark
                    return self._not_in_encoding(0, 1, chunk[0] if chunk else 0)
                if not chunk:
                    return self._not_in_encoding(before, line + 1, 0)
                before += len(chunk)

    def _not_in_encoding(self, offset: int, line: int, byte: int) -> IngestError:
        with self._path.open("rb") as file:
            start = file.read(4)
        if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            likely = "utf-16"
        elif start[:4] == b"PK\x03\x04":
            return IngestError(
                "not text but a ZIP archive or a spreadsheet",
                at=Location(str(self._path)),
                mend="Save the table as CSV (UTF-8), then import that.",
            )
        else:
            likely = "latin-1"
        mend = f"Save it as UTF-8, or say `encoding: {likely}` in the mapping if that is what it is."
        if self._encoding != "utf-8":
            mend = "See what its encoding is, and say so with `encoding:` in the mapping."
        return IngestError(
            f"not {self._encoding.upper()} text: byte 0x{byte:02x} at offset {offset}",
            at=Location(str(self._path), line),
            mend=mend,
        )
