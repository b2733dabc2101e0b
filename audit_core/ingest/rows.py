"""From the cells of a row to what the catalogue keeps of it: a mapping, worked out once for the columns of a file.

A `Row` is compared with what the catalogue has by its hash: the SHA-256 of its canonical form, which is

    the names and values that are not blank, sorted by name, then for each grouping field its name after "group:" and
    its folded values, sorted; all joined by NUL, in UTF-8

where assets are fields called ``asset:ROLE:NUMBER:path``, ``…:size`` and ``…:ALGORITHM`` (the number tells apart those
of one role), a licence is its text, a
length of time its milliseconds. NUL is in no value, so nothing else has that form; the order of a file's columns, the
version of Python and the database make no difference. It is kept in the catalogue: a change of it would make every row
of every dataset a changed one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter
from typing import Final, NamedTuple

from audit_core.catalogue.columns_of_fields import BETWEEN_VALUES
from audit_core.catalogue.spelling import folded
from audit_core.errors import IngestError
from audit_core.ingest.block import BETWEEN_PARTS
from audit_core.ingest.mapping import EXTRA, Column, Mapping
from audit_core.ingest.readers import REMEMBERED, Cell, Read, checksum_reader, constant, reader, size
from audit_core.ingest.values import BadValue
from audit_core.wording import did_you_mean, quoted

__all__ = ["SCALARS", "NoKey", "Plan", "Row", "joined"]

#: The fields that are columns of a track, in the order in which `Row.scalars` gives them.
SCALARS: Final = (
    "title",
    "artist",
    "album",
    "work",
    "recording",
    "isrc",
    "iswc",
    "genre",
    "language",
    "region",
    "year",
    "duration",
    "sample_rate",
    "channels",
    "split",
    "acquired",
    "acquired_by",
    "tags",
)

#: The longest text that is looked up through an index: PostgreSQL's hold 2,700 bytes.
_LONGEST_NAME: Final = 500
_KEY_SEPARATOR: Final = "/"
_BLANK: Final = -1  # the slot of what a plan doesn't have: the cells of a row end with a None

_Member = tuple[str, str]  # folded, as written


class NoKey(BadValue):
    """A row without a key."""


class Row(NamedTuple):
    """What the catalogue is to hold of one row.

    Attributes
    ----------
    line : int
        Where it begins.
    key : str
        What the track is known by.
    hash : bytes
        Of the canonical form.
    cells : list of (str, int or None)
        The values, in the order of the plan's names; then None, for what the plan has no place for.
    members : list of (field, members)
        Of each grouping field that is not blank, its values: folded, and as written.
    """

    line: int
    key: str
    hash: bytes
    cells: list[Cell | None]
    members: list[tuple[str, tuple[_Member, ...]]]


@dataclass(frozen=True, slots=True)
class _AssetSlots:
    role: str
    path: int
    size: int
    checksums: tuple[tuple[str, int], ...]


class Plan:
    """How the rows with some columns are read.

    Parameters
    ----------
    mapping : Mapping
        What the columns mean.
    columns : sequence of str
        The columns that there are.
    file : str
        Whose columns they are, for messages.
    open_ended : bool
        Whether a column of the mapping may be missing, because later rows or other files may have it.

    Raises
    ------
    IngestError
        If a column that the mapping names isn't there.
    """

    def __init__(self, mapping: Mapping, columns: Sequence[str], file: str, *, open_ended: bool = False) -> None:
        self._columns = {name: number for number, name in enumerate(columns)}
        self._file = file
        self._open_ended = open_ended
        readers: list[tuple[str, int, Read | None]] = []
        constants: dict[str, Cell | None] = {}
        named: set[str] = set()

        def place(name: str, column: Column | None, read: Read | None) -> None:
            if column is not None:
                named.add(column.name)
                if (number := self._number(column)) is not None:
                    readers.append((name, number, read))

        key = [(column, self._number(column)) for column in mapping.key]
        self._key = tuple(number for _, number in key if number is not None)
        self._keyless = [column.name for column, number in key if number is None]
        named.update(column.name for column in mapping.key)
        for field in mapping.fields:
            if field.constant is not None:
                constants[field.field] = constant(field)
            place(field.field, field.column, reader(field))
        if mapping.source is not None:
            constants["source"] = mapping.source.name
        prefixes = [
            f"asset:{asset.role}:{sum(other.role == asset.role for other in mapping.assets[:number])}"
            for number, asset in enumerate(mapping.assets)
        ]
        for prefix, asset in zip(prefixes, mapping.assets, strict=True):
            place(f"{prefix}:path", asset.path, None)
            place(f"{prefix}:size", asset.size, size)
            for algorithm, column in asset.checksums.items():
                place(f"{prefix}:{algorithm}", column, checksum_reader(algorithm))
        told = {*(name for name, _, _ in readers), *constants}
        for number, name in enumerate(columns):
            if name not in named:
                if EXTRA + name in told:
                    what = f"{EXTRA}{name} is something else in the mapping, and {file} has a column {quoted(name)}"
                    raise IngestError(what, mend="Say which field that column is.")
                readers.append((EXTRA + name, number, None))
        self.names = tuple(sorted({*(name for name, _, _ in readers), *constants}))
        slots = {name: slot for slot, name in enumerate(self.names)}
        self._template: list[Cell | None] = [*(constants.get(name) for name in self.names), None]
        self._readers = tuple((number, slots[name], read) for name, number, read in readers)
        self._groups = tuple(
            (slots[field], field, _Members(field)) for field in sorted(mapping.grouped) if field in slots
        )
        self._names_longest = tuple(slots[name] for name in ("licence", "source", "split") if name in slots)
        self.columns = tuple(columns)
        self.scalars = itemgetter(*(slots.get(name, _BLANK) for name in SCALARS))
        self.licence = slots.get("licence", _BLANK)
        self.source = slots.get("source", _BLANK)
        self.extra = tuple((name.removeprefix(EXTRA), slots[name]) for name in self.names if name.startswith(EXTRA))
        self.assets = tuple(
            _AssetSlots(
                role=asset.role,
                path=slots.get(f"{prefix}:path", _BLANK),
                size=slots.get(f"{prefix}:size", _BLANK),
                checksums=tuple(
                    (algorithm, slots[name])
                    for algorithm in sorted(asset.checksums)
                    if (name := f"{prefix}:{algorithm}") in slots
                ),
            )
            for prefix, asset in zip(prefixes, mapping.assets, strict=True)
        )

    def _number(self, column: Column) -> int | None:
        if column.name in self._columns or self._open_ended:
            return self._columns.get(column.name)
        mend = did_you_mean(column.name, self._columns, f"It has: {', '.join(list(self._columns)[:30])}.")
        raise IngestError(f"no column {quoted(column.name)} in {self._file}", at=column.at, mend=mend)

    def key(self, cells: Sequence[str]) -> str | None:
        """Read the key; None if it is blank or too long."""
        try:
            parts = [cells[number].strip() for number in self._key]
        except IndexError:
            return None
        key = parts[0] if len(parts) == 1 else _KEY_SEPARATOR.join(parts)
        return key if parts and all(parts) and not self._keyless and len(key) <= _LONGEST_NAME else None

    def row(self, line: int, cells: Sequence[str]) -> Row:
        """Read a row.

        Raises
        ------
        BadValue
            If it can't be imported.
        """
        key = self.key(cells)
        if key is None:
            raise NoKey(self._why_no_key(cells))
        values = self._template.copy()
        for number, slot, read in self._readers:
            text = cells[number].strip()
            if text:
                values[slot] = text if read is None else read(text)
        for slot in self._names_longest:
            if len(str(values[slot])) > _LONGEST_NAME:
                raise BadValue(f"the {self.names[slot]} is longer than {_LONGEST_NAME} characters")
        parts = [f"{name}\0{value}" for name, value in zip(self.names, values, strict=False) if value is not None]
        groups = []
        for slot, field, members in self._groups:
            text = values[slot]  # type: ignore[assignment]  # grouping fields hold text
            if text is not None:
                canonical, several = members[text]
                if several:
                    parts.append(canonical)
                    groups.append((field, several))
        return Row(line, key, sha256("\0".join(parts).encode()).digest(), values, groups)

    def _why_no_key(self, cells: Sequence[str]) -> str:
        if self._keyless:
            return f"no {self._keyless[0]}, which is the key"
        if any(not cells[number].strip() for number in self._key):
            return "the key is blank"
        return f"the key is longer than {_LONGEST_NAME} characters"

    def extra_of(self, row: Row) -> str | None:
        """Give the fields of the workspace's own, as JSON."""
        extra = {name: joined(row.cells[slot]) for name, slot in self.extra if row.cells[slot] is not None}
        return _JSON.encode(extra) if extra else None


def joined(value: Cell | None) -> Cell | None:
    """Write several values as the columns of tracks hold them."""
    return value.replace(BETWEEN_PARTS, BETWEEN_VALUES) if isinstance(value, str) else value


_JSON: Final = json.JSONEncoder(ensure_ascii=False)


class _Members(dict[Cell, tuple[str, tuple[_Member, ...]]]):
    """The members of a grouping field's texts, remembered as they are met."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self._field = field

    def __missing__(self, text: Cell) -> tuple[str, tuple[_Member, ...]]:
        if len(self) >= REMEMBERED:
            self.clear()
        labels = {folded(label): label for label in reversed(str(text).split(BETWEEN_PARTS))}
        members = tuple(sorted(member for member in labels.items() if member[0]))
        if any(len(member[0]) > _LONGEST_NAME for member in members):
            raise BadValue(f"{self._field}: a name longer than {_LONGEST_NAME} characters")
        canonical = "\0".join((f"group:{self._field}", *(member[0] for member in members)))
        self[text] = canonical, members
        return self[text]
