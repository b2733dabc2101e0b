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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from audit_core.catalogue.fields import FIELDS, field_named
from audit_core.errors import IngestError, Location, Problems
from audit_core.ingest.mapping import EXTRA, UNITS, AssetMapping, Column, FieldMapping, Mapping, SourceTermsMapping
from audit_core.ingest.values import ALGORITHMS, BadValue, day
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.mistakes import Mistake, Refusal, Steps
from audit_core.placed_yaml.models import Strict, validated
from audit_core.placed_yaml.source import SourceFile, load, parse
from audit_core.wording import did_you_mean, quoted, writable

__all__ = ["load_mapping", "parse_mapping", "shipped_mappings"]

_DIALECT: Final = Dialect(IngestError, "mapping", "mappings", begins="key: …", texts=True, controls=True)
_UNKNOWN: Final = "unknown"
_SHIPPED: Final = Path(__file__).parent / "mappings"
_ENCODINGS: Final = ("utf-8", "utf-16", "latin-1", "cp1252")
_LONGEST: Final = 500
_ROLE: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _to_be_kept(text: str) -> str:
    if found := _CONTROL.search(text):
        mend = "Nobody can see it: delete it."
        raise Refusal(Mistake(f"a control character (U+{ord(found[0]):04X})", mend))
    if len(text) > _LONGEST:
        raise Refusal(Mistake(f"longer than {_LONGEST} characters", "Shorten it."))
    return text


_Text = Annotated[str, Field(min_length=1)]
_Kept = Annotated[_Text, AfterValidator(_to_be_kept)]


class _FieldEntry(Strict):
    column: _Text | None = None
    constant: _Kept | None = None
    before: _Text | None = None
    split: _Text | None = None
    unit: Literal["ms", "s", "min", "Hz", "kHz"] | None = None
    values: dict[str, _Kept] = Field({})


class _AssetEntry(Strict):
    role: str
    path: _Text | None = None
    size: _Text | None = None
    checksums: dict[str, _Text] = Field({})


class _SourceEntry(Strict):
    name: _Kept
    kind: _Kept | None = None
    licence: _Kept | None = None
    contract: _Kept | None = None
    url: _Kept | None = None
    acquired: _Kept | None = None
    acquired_by: _Kept | None = None


def _written_short(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _MappingFile(Strict):
    key: Annotated[list[_Text], Field(min_length=1), BeforeValidator(_one_or_several)]
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    fields: dict[str, Annotated[_FieldEntry, BeforeValidator(_written_short)]] = Field({})
    groups: tuple[str, ...] = ()
    assets: tuple[_AssetEntry, ...] = ()
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
    if not path.exists():
        if str(file) not in shipped:
            mend = did_you_mean(str(file), shipped, f"It is a YAML file, or one that ships: {', '.join(shipped)}.")
            raise IngestError("no such mapping", at=Location(str(file)), mend=mend)
        path = shipped[str(file)]
    return _mapping(load(path, _DIALECT), writable(path.stem))


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
    return _mapping(parse(content, file, _DIALECT), name)


def _mapping(source: SourceFile, name: str) -> Mapping:
    entries = validated(source, _MappingFile)
    if problems := list(source.told(_mistakes(entries))):
        raise Problems(problems)

    def column(header: str, *path: str | int) -> Column:
        return Column(header, source.location(path))

    return Mapping(
        key=tuple(column(header, "key", number) for number, header in enumerate(entries.key)),
        fields=tuple(_field(field, entry, column) for field, entry in entries.fields.items()),
        groups=entries.groups,
        assets=tuple(_asset(number, asset, column) for number, asset in enumerate(entries.assets)),
        source=SourceTermsMapping(**entries.source.model_dump()) if entries.source else None,
        format=entries.format,
        encoding=entries.encoding and entries.encoding.lower(),
        delimiter="\t" if entries.delimiter == "\\t" else entries.delimiter,
        name=name,
        text=source.text,
    )


def _field(field: str, entry: _FieldEntry, column: Callable[..., Column]) -> FieldMapping:
    return FieldMapping(
        field="extra.status" if field == "status" else field,
        column=column(entry.column, "fields", field, "column") if entry.column else None,
        constant=entry.constant,
        before=entry.before,
        split=entry.split,
        values={name: None if value == _UNKNOWN else value for name, value in entry.values.items()},
        unit=entry.unit or (UNITS[field][0] if field in UNITS else None),
    )


def _asset(number: int, entry: _AssetEntry, column: Callable[..., Column]) -> AssetMapping:
    at = ("assets", number)
    return AssetMapping(
        role=entry.role,
        path=column(entry.path, *at, "path") if entry.path else None,
        size=column(entry.size, *at, "size") if entry.size else None,
        checksums={name: column(header, *at, "checksums", name) for name, header in entry.checksums.items()},
    )


def _mistakes(entries: _MappingFile) -> Iterator[Mistake]:
    """Find what has the right form and makes no sense."""
    if entries.encoding is not None and entries.encoding.lower() not in _ENCODINGS:
        mend = did_you_mean(entries.encoding, _ENCODINGS)
        yield Mistake(f"unknown encoding {quoted(entries.encoding)}", mend, ("encoding",))
    if entries.delimiter is not None and entries.delimiter != "\\t" and not _separates(entries.delimiter):
        yield Mistake("a delimiter is one character", 'Such as ";", or "\\t" for a tab.', ("delimiter",))
    for field, entry in entries.fields.items():
        yield from _mistakes_of_field(field, entry, entries)
    for number, group in enumerate(entries.groups):
        if not group.startswith(EXTRA) or field_named(group) is None:
            mend = "artist, album, work, recording, genre and tags always are; besides them, extra.NAME."
            yield Mistake(f"{quoted(group)} is no field that can be made a group", mend, ("groups", number))
    for number, asset in enumerate(entries.assets):
        yield from _mistakes_of_asset(asset, ("assets", number))
    if entries.source and entries.source.acquired:
        try:
            day(entries.source.acquired)
        except BadValue as wrong:
            yield Mistake(str(wrong), None, ("source", "acquired"))


def _separates(delimiter: str) -> bool:
    try:
        return len(codecs.encode(delimiter, "utf-8")) == 1 and delimiter not in '"\r\n\0 '
    except UnicodeError:
        return False


def _mistakes_of_field(field: str, entry: _FieldEntry, entries: _MappingFile) -> Iterator[Mistake]:
    place: Steps = ("fields", field)
    known = field_named(field)
    if field == "key":
        yield Mistake("the key is said at the top, as `key:`", None, place, at_key=True)
        return
    if known is None:
        mend = did_you_mean(field, FIELDS, "A field of your own is called extra.NAME.")
        yield Mistake(f"unknown field {quoted(field)}", mend, place, at_key=True)
        return
    if (entry.column is None) == (entry.constant is None):
        yield Mistake(f"{field} needs either a column or a constant", None, place, at_key=True)
    if entry.unit is not None and entry.unit not in UNITS.get(field, ()):
        mend = f"Choose from: {', '.join(UNITS[field])}." if field in UNITS else "Leave it out."
        yield Mistake(f"{field} is not counted in {entry.unit}", mend, (*place, "unit"))
    if entry.split is not None and known.type != "multi" and not field.startswith(EXTRA):
        yield Mistake(f"{field} has one value, and no list to split", None, (*place, "split"))
    if field == "status" and "extra.status" in entries.fields:
        yield Mistake("status and extra.status are the same", None, place, at_key=True)
    if field == "source" and entries.source is not None:
        yield Mistake("the source is said below, as `source:`, already", None, place, at_key=True)


def _mistakes_of_asset(asset: _AssetEntry, place: Steps) -> Iterator[Mistake]:
    if not _ROLE.fullmatch(asset.role):
        mend = "Such as audio, midi, stems: small letters, digits, - and _."
        yield Mistake(f"{quoted(asset.role)} is no role", mend, (*place, "role"))
    for algorithm in asset.checksums:
        if algorithm not in ALGORITHMS:
            what = f"unknown kind of checksum {quoted(algorithm)}"
            mend = did_you_mean(algorithm, ALGORITHMS)
            yield Mistake(what, mend, (*place, "checksums", algorithm), at_key=True)
    if asset.path is None and asset.size is None and not asset.checksums:
        yield Mistake("an asset needs a path, a size or a checksum", None, place)
