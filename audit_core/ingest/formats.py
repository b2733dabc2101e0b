"""The kinds of file that can be imported, and how a file's name tells its kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from audit_core.errors import IngestError, Location
from audit_core.ingest.block import Format
from audit_core.ingest.delimited import Delimited
from audit_core.ingest.jsonlines import JsonLines
from audit_core.ingest.parquet import Parquet

__all__ = ["FORMATS", "SUFFIXES", "format_of"]

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {"csv": Delimited(","), "tsv": Delimited("\t"), "jsonl": JsonLines(), "parquet": Parquet()}
)

#: How the names of tables end, and what kind of table it is then.
SUFFIXES: Final = MappingProxyType(
    {
        ".csv": "csv",
        ".tsv": "tsv",
        ".tab": "tsv",
        ".jsonl": "jsonl",
        ".ndjson": "jsonl",
        ".parquet": "parquet",
        ".pq": "parquet",
    }
)


def format_of(path: Path, stated: str | None) -> Format:
    """Find out how to read a file.

    Parameters
    ----------
    path : Path
        A file that exists.
    stated : str or None
        What the mapping says: one of `FORMATS`.

    Raises
    ------
    IngestError
        If there is no such file, it is a folder, or its name tells nothing and neither does the mapping.
    """
    place = Location(str(path))
    if path.is_dir():
        inside = sorted(each.name for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        if not inside:
            raise IngestError("an empty folder, or one without a table", at=place, mend=f"{_READ}.")
        raise IngestError(
            "a folder", at=place, mend=f"Name the files that are meant; in it are {', '.join(inside[:5])}."
        )
    if not path.exists():
        raise IngestError("there is no such file", at=place)
    if not path.is_file():
        raise IngestError("not an ordinary file", at=place, mend="Save its rows to a file first.")
    if stated is not None:
        return FORMATS[stated]
    if path.suffix.lower() not in SUFFIXES:
        mend = f"{_READ}; or say `format:` in the mapping: {', '.join(FORMATS)}."
        raise IngestError("its name doesn't tell what kind of table it is", at=place, mend=mend)
    return FORMATS[SUFFIXES[path.suffix.lower()]]


_READ: Final = f"Files are read whose names end in {', '.join(SUFFIXES)}"
