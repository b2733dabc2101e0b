"""What was calibrated: how many false pairs are to be expected of this catalogue, for whoever quotes it.

Made by `calibrating`. The latest row counts, as long as fingerprint and comparison are of the version that it is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.ledger.chain import Via, append
from audit_core.neighbours.tables import calibrations, compared

__all__ = ["AIM", "Calibration", "latest_calibration", "quoted_calibration", "recorded", "spelled"]

AIM: Final = 0.1
"""Fewer false pairs than this are aimed at."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many false pairs are to be expected.

    Attributes
    ----------
    at : datetime
        When it was made, in UTC.
    revision : int
        Of which revision.
    version : str
        Of fingerprint and comparison.
    files : int
        How much audio was compared then.
    wrong_pairs : int
        How many pairs that are known to be wrong went through the comparison.
    threshold : float
        The score from which a pair is believed.
    expected_false, expected_low, expected_high : float
        False pairs at the threshold among all pairs of these files, and the interval of 95 %.
    fit : mapping
        How that was come by, for those who want to know: JSON values. `safe_threshold` among them is the score from
        which fewer than `AIM` are to be expected; `upper_bound` tells whether the real figure is lower.
    """

    at: datetime
    revision: int
    version: str
    files: int
    wrong_pairs: int
    threshold: float
    expected_false: float
    expected_low: float
    expected_high: float
    fit: Mapping[str, Any]

    def among(self, files: int) -> tuple[float, float, float]:
        """Give what is to be expected, and the interval, among so many files of the same sort."""
        times = files * (files - 1) / (self.files * (self.files - 1))
        return self.expected_false * times, self.expected_low * times, self.expected_high * times


_COLUMNS: Final = [column for column in calibrations.c if column.name != "id"]


def latest_calibration(connection: Connection) -> Calibration | None:
    """Read the calibration that was made last; None if none was."""
    row = connection.execute(select(*_COLUMNS).order_by(calibrations.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Calibration(**row._mapping)


def recorded(store: Store, made: Calibration, *, actor: str, via: Via) -> None:
    """Keep a calibration, and enter it in the ledger."""
    row = {column.name: getattr(made, column.name) for column in _COLUMNS} | {"fit": dict(made.fit)}
    with store.write() as connection:
        number = connection.execute(insert(calibrations).values(row)).inserted_primary_key
        payload = {name: value for name, value in row.items() if name != "at"}
        assert number is not None  # noqa: S101 - one row was inserted
        append(
            connection,
            kind="calibration",
            actor=actor,
            via=via,
            at=made.at,
            payload={"calibration": number[0]} | payload,
        )


def quoted_calibration(connection: Connection, snapshot: Snapshot) -> str | None:
    """Say in a line how many false pairs are to be expected now; None if nothing was compared."""
    number = func.count().label("number")
    rows = connection.execute(
        select(compared.c.version, number).where(snapshot.holds(compared)).group_by(compared.c.version)
    )
    versions = {row.version: row.number for row in rows}
    files = sum(versions.values())
    if not files:
        return None
    made = latest_calibration(connection)
    if made is None:
        return "not calibrated: nobody knows how many false pairs to expect; see `cratecheck neighbours calibrate`"
    if set(versions) != {made.version}:
        return (
            f"calibrated on {made.at:%Y-%m-%d}, of another version of the comparison:"
            " run `cratecheck neighbours calibrate` again"
        )
    expected, low, high = (spelled(number) for number in made.among(files))
    bound = "at most " if made.fit.get("upper_bound") else ""
    return (
        f"{bound}{expected} false pairs to be expected among {files:,} files (95 %: {low} to {high}),"
        f" calibrated on {made.at:%Y-%m-%d} by {made.wrong_pairs:,} wrong pairs"
    )


def spelled(number: float) -> str:
    """Write a number of pairs with two digits, however small."""
    if number == 0:
        return "0"
    if number < 1e-6:
        return "less than 0.000001"
    if number >= 100:
        return f"{float(f'{number:.2g}'):,.0f}"
    return f"{float(f'{number:.2g}'):.10f}".rstrip("0").rstrip(".")
