"""What a file's columns mean: the mapping, as plain data. `mapping_file` reads one, `guess` makes one from headers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as Values
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from audit_core.catalogue.columns_of_fields import GROUPED
from audit_core.catalogue.fields import FIELDS
from audit_core.errors import Location

__all__ = [
    "EXTRA",
    "UNITS",
    "AssetMapping",
    "Column",
    "FieldMapping",
    "Mapping",
    "SourceTermsMapping",
    "Unit",
]

#: What a workspace's own fields begin with.
EXTRA: Final = "extra."

Unit = Literal["ms", "s", "min", "Hz", "kHz"]

#: The fields that have a unit: the units that may be said, the first of them if none is.
UNITS: Final[Values[str, tuple[Unit, ...]]] = MappingProxyType(
    {"duration": ("s", "ms", "min"), "sample_rate": ("Hz", "kHz")}
)

_MULTI: Final = frozenset(name for name, field in FIELDS.items() if field.type == "multi")


@dataclass(frozen=True, slots=True)
class Column:
    """A column, by its header.

    Attributes
    ----------
    name : str
        The header.
    at : Location or None
        Where the mapping names it.
    """

    name: str
    at: Location | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Where a field's values come from, and what is made of them, in the order of the attributes.

    Attributes
    ----------
    field : str
        A field of the catalogue, or ``extra.NAME``.
    column : Column or None
        The column; None for a constant.
    constant : str or None
        The value of every row.
    before : str or None
        Only what stands before the first of these counts.
    split : str or None
        What separates several values in one cell.
    values : mapping of str to (str or None)
        What some values are replaced by; None is unknown.
    unit : Unit or None
        What a plain number counts.
    """

    field: str
    column: Column | None = None
    constant: str | None = None
    before: str | None = None
    split: str | None = None
    values: Values[str, str | None] = dataclasses.field(default_factory=dict)
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class AssetMapping:
    """A file of each track: what it is for, and the columns of its path, size and checksums (by algorithm).

    A row in which all of them are blank has no such file.
    """

    role: str
    path: Column | None = None
    size: Column | None = None
    checksums: Values[str, Column] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceTermsMapping:
    """Where all rows come from, and under what terms; None is unknown."""

    name: str
    kind: str | None = None
    licence: str | None = None
    contract: str | None = None
    url: str | None = None
    acquired: str | None = None
    acquired_by: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a file's columns mean. Columns that it doesn't name are kept as ``extra.NAME``.

    Attributes
    ----------
    key : tuple of Column
        What a track is known by; several are joined by a slash.
    fields : tuple of FieldMapping
        Each field once; of one that comes twice, the later wins where its column is not blank.
    groups : tuple of str
        Fields whose values tracks may share, besides those of `GROUPED`.
    assets : tuple of AssetMapping
        The files of a track.
    source : SourceTermsMapping or None
        Where all rows come from.
    format, encoding, delimiter : str or None
        How the file is read, where it doesn't say.
    name : str
        What the ledger calls it.
    text : str
        The YAML that says it.
    guessed : bool
        Whether nobody wrote it.
    """

    key: tuple[Column, ...]
    fields: tuple[FieldMapping, ...] = ()
    groups: tuple[str, ...] = ()
    assets: tuple[AssetMapping, ...] = ()
    source: SourceTermsMapping | None = None
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    name: str = ""
    text: str = ""
    guessed: bool = False

    @property
    def grouped(self) -> frozenset[str]:
        """The fields whose values are kept one by one, to be compared between tracks."""
        return frozenset((*GROUPED, *self.groups))

    @property
    def lists(self) -> frozenset[str]:
        """The columns of which a list within a cell is several values."""
        return frozenset(
            each.column.name
            for each in self.fields
            if each.column is not None and (each.split is not None or each.field in _MULTI)
        )

    def outline(self) -> dict[str, Any]:
        """Give the mapping as the plain data that its YAML has."""
        stated: dict[str, Any] = {
            "key": self.key[0].name if len(self.key) == 1 else [column.name for column in self.key],
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "fields": {each.field: _outline(each) for each in self.fields},
            "groups": list(self.groups),
            "assets": [
                {
                    "role": asset.role,
                    **({"path": asset.path.name} if asset.path else {}),
                    **({"size": asset.size.name} if asset.size else {}),
                    **(
                        {"checksums": {key: sum_.name for key, sum_ in asset.checksums.items()}}
                        if asset.checksums
                        else {}
                    ),
                }
                for asset in self.assets
            ],
        }
        return {name: value for name, value in stated.items() if value}


def _outline(mapping: FieldMapping) -> str | dict[str, Any]:
    told = {
        "column": mapping.column and mapping.column.name,
        "constant": mapping.constant,
        "before": mapping.before,
        "split": mapping.split,
        "unit": mapping.unit,
        "values": {name: value or "unknown" for name, value in mapping.values.items()},
    }
    stated = {name: value for name, value in told.items() if value}
    return stated["column"] if stated.keys() == {"column"} else stated
