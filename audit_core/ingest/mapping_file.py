"""A mapping file: YAML in a closed vocabulary.

::

    key: track_id                       # or several columns: [session, number]
    encoding: latin-1                   # if the file is no UTF-8; also `format`, `delimiter`
    fields:                             # field of the catalogue, or extra.NAME ← column
      title: title
      duration: {column: length, unit: s}           # s (if nothing is said), ms, min; a sample rate: Hz, kHz
      genre: {column: genre, split: ","}            # several values in a cell
      split: {column: set, values: {validation: valid, "?": unknown}}
      region: {constant: GB}
    groups: [extra.session]             # more fields whose values tracks may share
    assets:
      - {role: audio, path: file, size: bytes, checksums: {md5: md5}}
    source: {name: FreeMusi, kind: website, licence: CC-BY-SA-4.0, url: "https://…", acquired: 2026-01-31}

All mistakes are told at once, each with its line and column.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from audit_core.catalogue.fields import FIELDS, field_named
from audit_core.errors import CratecheckError, IngestError, Location, Problems
from audit_core.ingest.mapping import EXTRA, UNITS, AssetMapping, Column, FieldMapping, Mapping, SourceTermsMapping
from audit_core.ingest.values import ALGORITHMS, BadValue, day
from audit_core.placed_yaml import Place, PlacedYaml, did_you_mean
from audit_core.quoting import quoted

__all__ = ["load_mapping", "parse_mapping", "shipped_mappings"]

_UNKNOWN: Final = "unknown"
_SHIPPED: Final = Path(__file__).parent / "mappings"
_ENCODINGS: Final = ("utf-8", "utf-16", "latin-1", "cp1252")
_ROLE: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")

_Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _FieldEntry(_Strict):
    column: _Text | None = None
    constant: _Text | None = None
    before: _Text | None = None
    split: _Text | None = None
    unit: Literal["ms", "s", "min", "Hz", "kHz"] | None = None
    values: dict[str, _Text] = {}


class _AssetEntry(_Strict):
    role: str
    path: _Text | None = None
    size: _Text | None = None
    checksums: dict[str, _Text] = {}


class _SourceEntry(_Strict):
    name: _Text
    kind: _Text | None = None
    licence: _Text | None = None
    contract: _Text | None = None
    url: _Text | None = None
    acquired: _Text | None = None
    acquired_by: _Text | None = None


def _written_short(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _MappingFile(_Strict):
    key: Annotated[list[_Text], Field(min_length=1), BeforeValidator(_one_or_several)]
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    fields: dict[str, Annotated[_FieldEntry, BeforeValidator(_written_short)]] = {}
    groups: list[str] = []
    assets: list[_AssetEntry] = []
    source: _SourceEntry | None = None


def shipped_mappings() -> dict[str, Path]:
    """Give the mapping files that come with the program, by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.yaml"))}


def load_mapping(file: Path | str) -> Mapping:
    """Read a mapping file.

    Parameters
    ----------
    file : Path or str
        Its path, or the name of one of `shipped_mappings`.

    Raises
    ------
    IngestError
        If there is no such file.
    Problems
        All that is wrong with it.
    """
    shipped = shipped_mappings()
    path = Path(file)
    if not path.exists() and str(file) in shipped:
        path = shipped[str(file)]
    try:
        content = path.read_bytes()
    except OSError as error:
        near = did_you_mean(str(file), list(shipped))
        mend = f"{near or ''} A mapping is a YAML file, or one of those that ship: {', '.join(shipped)}.".strip()
        raise IngestError(
            f"the mapping can't be read: {(error.strerror or 'unknown reason').lower()}",
            at=Location(str(file)),
            mend=mend,
        ) from error
    return parse_mapping(content, str(path), name=path.stem)


def parse_mapping(content: bytes, file: str, *, name: str = "") -> Mapping:
    """Read the bytes of a mapping file, as `load_mapping` does.

    Parameters
    ----------
    content : bytes
        UTF-8.
    file : str
        What messages call it.
    name : str
        What the ledger calls it.
    """
    yaml = PlacedYaml(content, file)
    if not yaml.data:
        raise Problems([IngestError("nothing in this file", at=Location(file), mend="A mapping begins with `key:`.")])
    entries = yaml.as_model(_MappingFile)
    if problems := list(_problems(yaml, entries)):
        raise Problems(problems)
    return Mapping(
        key=tuple(_column(yaml, column, ("key", number)) for number, column in enumerate(entries.key)),
        fields=tuple(_field(yaml, field, entry) for field, entry in entries.fields.items()),
        groups=tuple(entries.groups),
        assets=tuple(_asset(yaml, asset, ("assets", number)) for number, asset in enumerate(entries.assets)),
        source=SourceTermsMapping(**entries.source.model_dump()) if entries.source else None,
        format=entries.format,
        encoding=entries.encoding and entries.encoding.lower(),
        delimiter="\t" if entries.delimiter == "\\t" else entries.delimiter,
        name=name,
        text=content.decode("utf-8-sig"),
    )


def _column(yaml: PlacedYaml, name: str, place: Place) -> Column:
    return Column(name, yaml.error("", place).at)


def _field(yaml: PlacedYaml, field: str, entry: _FieldEntry) -> FieldMapping:
    place: Place = ("fields", field) if isinstance(yaml.data["fields"][field], str) else ("fields", field, "column")
    return FieldMapping(
        field="extra.status" if field == "status" else field,
        column=_column(yaml, entry.column, place) if entry.column else None,
        constant=entry.constant,
        before=entry.before,
        split=entry.split,
        values={name: None if value == _UNKNOWN else value for name, value in entry.values.items()},
        unit=entry.unit or (UNITS[field][0] if field in UNITS else None),
    )


def _asset(yaml: PlacedYaml, entry: _AssetEntry, place: Place) -> AssetMapping:
    return AssetMapping(
        role=entry.role,
        path=_column(yaml, entry.path, (*place, "path")) if entry.path else None,
        size=_column(yaml, entry.size, (*place, "size")) if entry.size else None,
        checksums={
            algorithm: _column(yaml, column, (*place, "checksums", algorithm))
            for algorithm, column in entry.checksums.items()
        },
    )


def _problems(yaml: PlacedYaml, entries: _MappingFile) -> Iterator[CratecheckError]:
    """Find what has the right form and makes no sense."""
    if entries.encoding is not None and entries.encoding.lower() not in _ENCODINGS:
        mend = did_you_mean(entries.encoding, list(_ENCODINGS)) or f"Choose from: {', '.join(_ENCODINGS)}."
        yield yaml.error(f"unknown encoding {quoted(entries.encoding)}", ("encoding",), mend=mend)
    if entries.delimiter is not None and entries.delimiter != "\\t" and not _separates(entries.delimiter):
        yield yaml.error("a delimiter is one character", ("delimiter",), mend='Such as ";", or "\\t" for a tab.')
    for field, entry in entries.fields.items():
        yield from _problems_of_field(yaml, field, entry, entries)
    for number, group in enumerate(entries.groups):
        if not group.startswith(EXTRA) or field_named(group) is None:
            mend = "artist, album, work, recording, genre and tags always are; besides them, extra.NAME."
            yield yaml.error(f"{quoted(group)} is no field that can be made a group", ("groups", number), mend=mend)
    for number, asset in enumerate(entries.assets):
        yield from _problems_of_asset(yaml, asset, ("assets", number))
    if entries.source and entries.source.acquired:
        try:
            day(entries.source.acquired)
        except BadValue as wrong:
            yield yaml.error(str(wrong), ("source", "acquired"))


def _separates(delimiter: str) -> bool:
    try:
        return len(codecs.encode(delimiter, "utf-8")) == 1 and delimiter not in '"\r\n\0 '
    except UnicodeError:
        return False


def _problems_of_field(
    yaml: PlacedYaml, field: str, entry: _FieldEntry, entries: _MappingFile
) -> Iterator[CratecheckError]:
    place: Place = ("fields", field)
    known = field_named(field)
    if field == "key":
        yield yaml.error("the key is said at the top, as `key:`", place, at_key=True)
        return
    if known is None:
        mend = did_you_mean(field, list(FIELDS)) or "A field of your own is called extra.NAME."
        yield yaml.error(f"unknown field {quoted(field)}", place, at_key=True, mend=mend)
        return
    if (entry.column is None) == (entry.constant is None):
        yield yaml.error(f"{field} needs either a column or a constant", place, at_key=True)
    if entry.unit is not None and entry.unit not in UNITS.get(field, ()):
        mend = f"Choose from: {', '.join(UNITS[field])}." if field in UNITS else "Leave it out."
        yield yaml.error(f"{field} is not counted in {entry.unit}", (*place, "unit"), mend=mend)
    if entry.split is not None and known.type != "multi" and not field.startswith(EXTRA):
        yield yaml.error(f"{field} has one value, and no list to split", (*place, "split"))
    if field == "status" and "extra.status" in entries.fields:
        yield yaml.error("status and extra.status are the same", place, at_key=True)
    if field == "source" and entries.source is not None:
        yield yaml.error("the source is said below, as `source:`, already", place, at_key=True)


def _problems_of_asset(yaml: PlacedYaml, asset: _AssetEntry, place: Place) -> Iterator[CratecheckError]:
    if not _ROLE.fullmatch(asset.role):
        mend = "Such as audio, midi, stems: small letters, digits, - and _."
        yield yaml.error(f"{quoted(asset.role)} is no role", (*place, "role"), mend=mend)
    for algorithm in asset.checksums:
        if algorithm not in ALGORITHMS:
            mend = did_you_mean(algorithm, list(ALGORITHMS)) or f"Choose from: {', '.join(ALGORITHMS)}."
            what = f"unknown kind of checksum {quoted(algorithm)}"
            yield yaml.error(what, (*place, "checksums", algorithm), at_key=True, mend=mend)
    if asset.path is None and asset.size is None and not asset.checksums:
        yield yaml.error("an asset needs a path, a size or a checksum", place)
