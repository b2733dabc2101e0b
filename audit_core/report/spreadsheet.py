"""CSV that no spreadsheet runs as formulas.

A cell that begins with ``=``, ``+``, ``-``, ``@``, ``|`` or ``%`` gets an apostrophe in front and its ``|`` a
backslash, by `defusedcsv`. One that begins with a tab, a carriage return, a line feed, or the full-width form of a
sign, which some spreadsheets read alike, gets its apostrophe here. Numbers stay as they are, negative ones too. Who
wants every text as it is reads the JSON lines.

References
----------
.. [1] OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Final

from defusedcsv import csv

from audit_core.report.manifest import File, ManifestRow

__all__ = ["Cell", "csv_lines", "manifest_csv"]

Cell = str | int | float | None
"""None is an empty cell."""

_ALSO_RISKY: Final = ("\t", "\r", "\n", "＝", "＋", "－", "＠")

# The writer quotes what is in its line's end, and nothing else: without the carriage return here, one within a cell
# would begin a row of the stranger's own.
_END: Final = "\r\n"

_COLUMNS: Final = (
    "key",
    "title",
    "artist",
    "album",
    "split",
    "licence",
    "source",
    "duration_s",
    "path",
    "size_bytes",
    "checksums",
    "other_files",
)


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Render rows as lines of CSV (RFC 4180, but for the line feed alone at the end), the header first."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator=_END)
    writer.writerow(header)
    yield _line(buffer)
    for cells in rows:
        writer.writerow([_defused(cell) for cell in cells])
        yield _line(buffer)


def _line(buffer: StringIO) -> str:
    text = buffer.getvalue().removesuffix(_END)
    buffer.seek(0)
    buffer.truncate()
    return text + "\n"


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_ALSO_RISKY) else cell


def manifest_csv(rows: Iterable[ManifestRow]) -> Iterator[str]:
    """Render a manifest as lines of CSV.

    A row has the path, size and checksums of the track's first file, its audio if it has any, as ``sha256:…`` apart by
    spaces; `other_files` is a JSON array of the others.
    """
    return csv_lines(_COLUMNS, (_cells(row) for row in rows))


def _cells(row: ManifestRow) -> list[Cell]:
    first = row.files[0] if row.files else None
    others = [_as_json(file) for file in row.files[1:]]
    return [
        row.key,
        row.title,
        row.artist,
        row.album,
        row.split,
        row.licence,
        row.source,
        row.duration_s,
        first.path if first else None,
        first.size_bytes if first else None,
        " ".join(f"{algorithm}:{value}" for algorithm, value in first.checksums) if first else None,
        json.dumps(others, ensure_ascii=False) if others else None,
    ]


def _as_json(file: File) -> dict[str, object]:
    return {"role": file.role, "path": file.path, "size_bytes": file.size_bytes, "checksums": dict(file.checksums)}
