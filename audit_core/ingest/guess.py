"""What the columns of a file seem to mean, by their headers alone.

A guess is shown to the user, and a key that turns out to be none ends the import.

A header is compared in small letters, with spaces, hyphens and full stops as underscores. Where two columns would be
the same field, the name that stands first in the table wins and the other stays ``extra.NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import yaml

from audit_core.errors import IngestError, Location
from audit_core.ingest.mapping import EXTRA, UNITS, AssetMapping, Column, FieldMapping, Mapping, Unit
from audit_core.ingest.values import ALGORITHMS
from audit_core.wording import on_one_line, quoted

__all__ = ["KEYS", "SYNONYMS", "guessed", "guessed_beside"]

#: A key is guessed if exactly one column has one of these names.
KEYS: Final = ("key", "id", "track_id", "trackid", "track_key", "clip_id", "uid", "uuid", "guid")

#: Field → headers. A header with a unit in it says the unit.
SYNONYMS: Final = MappingProxyType(
    {
        "title": ("title", "track_title", "song_title", "track_name", "song_name", "name"),
        "artist": ("artist", "artists", "artist_name", "track_artist", "performer"),
        "album": ("album", "album_title", "album_name", "release", "release_title"),
        "work": ("work", "work_id", "composition"),
        "recording": ("recording", "recording_id", "recording_mbid"),
        "isrc": ("isrc",),
        "iswc": ("iswc",),
        "genre": ("genre", "genres"),
        "language": ("language", "lang"),
        "region": ("region", "country"),
        "year": ("year", "release_year"),
        "duration": (
            "duration_ms",
            "length_ms",
            "duration_s",
            "duration_sec",
            "duration_seconds",
            "length_s",
            "duration",
            "length",
        ),
        "sample_rate": ("sample_rate_hz", "sample_rate", "samplerate", "sampling_rate", "sr"),
        "channels": ("channels", "n_channels", "num_channels"),
        "split": ("split", "data_split", "dataset_split", "partition"),
        "licence": ("licence", "license", "licence_url", "license_url", "licenseurl", "licence_id", "license_id"),
        "source": ("source", "source_name"),
        "acquired": ("acquired", "acquired_at", "acquired_on", "acquisition_date"),
        "acquired_by": ("acquired_by",),
        "tags": ("tags", "tag", "keywords"),
    }
)

#: Headers of an asset's path and size; ``audio_`` or another role may stand before any of them, and before the name of
#: a checksum.
PATHS: Final = ("path", "file", "filename", "file_name", "filepath", "file_path", "url")
SIZES: Final = ("size_bytes", "file_size", "filesize", "size")
ROLES: Final = ("audio", "midi", "stems", "lyrics", "score")

_LONGEST_LINE: Final = 1000
_SPLITS: Final = MappingProxyType({"training": "train", "validation": "valid", "val": "valid", "testing": "test"})


def guessed(columns: Sequence[str], file: str) -> Mapping:
    """Guess the mapping of a file.

    Parameters
    ----------
    columns : sequence of str
        Its headers.
    file : str
        Its name.

    Raises
    ------
    IngestError
        If no column, or more than one, is called as keys are.
    """
    headers = _headers(columns)
    return _guessed(columns, headers, _key([headers[name] for name in KEYS if name in headers], columns, file))


def guessed_beside(columns: Sequence[str], file: str, path: str | None) -> Mapping:
    """Guess the mapping of a table beside a folder of audio, whose key is the path of a file.

    Parameters
    ----------
    columns, file
        As `guessed`.
    path : str or None
        The column that names the files; None to guess that too.

    Raises
    ------
    IngestError
        If no column is called as paths are.
    """
    headers = _headers(columns)
    names = [name for each in PATHS for name in (f"audio_{each}", each) if name in headers]
    if path is None and not names:
        what = "no column is called as the path of a file is (" + ", ".join(PATHS[:4]) + ", …)"
        raise IngestError(
            what, at=Location(file, 1), mend=f"Say which it is: --path-column {quoted(columns[0])}, perhaps."
        )
    return _guessed(columns, headers, path or headers[names[0]])


def _headers(columns: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for column in columns:
        headers.setdefault(re.sub(r"[\s.\-]+", "_", column.strip().casefold()), column)
    return headers


def _guessed(columns: Sequence[str], headers: dict[str, str], key: str) -> Mapping:
    taken = {key}
    fields = []
    for field, names in SYNONYMS.items():
        for name in names:
            if name in headers and headers[name] not in taken:
                taken.add(headers[name])
                fields.append(_field(field, name, headers[name]))
                break
    mapping = Mapping(
        key=(Column(key),),
        fields=tuple(fields),
        assets=tuple(asset for role in ROLES if (asset := _asset(role, headers, taken))),
        name="guessed",
        guessed=True,
    )
    return _with_text(mapping, [column for column in columns if column not in taken])


def _key(candidates: list[str], columns: Sequence[str], file: str) -> str:
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        what = f"more than one column could be the key: {', '.join(candidates)}"
    else:
        what = "no column is called as a key is (" + ", ".join(KEYS[:3]) + ", …)"
    mend = (
        f"Say which column, unique and never blank, in a mapping: `key: {(candidates or list(columns))[0]}`, perhaps."
    )
    raise IngestError(what, at=Location(file, 1), mend=mend)


def _field(field: str, name: str, column: str) -> FieldMapping:
    unit: Unit | None = UNITS[field][0] if field in UNITS else None
    if name.endswith("_ms"):
        unit = "ms"
    values = dict(_SPLITS) if field == "split" else {}
    return FieldMapping(field, Column(column), unit=unit, values=values)


def _asset(role: str, headers: dict[str, str], taken: set[str]) -> AssetMapping | None:
    def found(names: Sequence[str]) -> Column | None:
        for name in (*(f"{role}_{name}" for name in names), *(names if role == "audio" else ())):
            if name in headers and headers[name] not in taken:
                taken.add(headers[name])
                return Column(headers[name])
        return None

    path, size = found(PATHS), found(SIZES)
    checksums = {name: column for name in ALGORITHMS if (column := found((name, f"{name}sum", f"{name}_checksum")))}
    return AssetMapping(role, path, size, checksums) if path or checksums else None


def _with_text(mapping: Mapping, others: Sequence[str]) -> Mapping:
    text = yaml.safe_dump(mapping.outline(), sort_keys=False, allow_unicode=True)
    if not text.replace("\n", "").isprintable():  # such as a no-break space, which a mapping has to spell out
        text = yaml.safe_dump(mapping.outline(), sort_keys=False)
    if others:
        text += f"# kept as they are: {on_one_line(', '.join(EXTRA + name for name in others), _LONGEST_LINE)}\n"
    return replace(mapping, text=text)
