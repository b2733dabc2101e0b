"""What a comparison changes, written as one revision: matches, what was compared, and the recordings that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select

from audit_core.catalogue.leases import Lease
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock
from audit_core.ledger.chain import Via
from audit_core.ledger.pace import Pace
from audit_core.ledger.revised import Revising
from audit_core.neighbours.groups import Grouping
from audit_core.neighbours.linked import regrouped
from audit_core.neighbours.tables import audio_matches, compared, recording_members

__all__ = ["Changes", "Comparison", "Found", "compared_versions", "members_to_change", "write_changes", "written"]

_LIFE: Final = ("id", "from_rev", "to_rev")


@dataclass(frozen=True, slots=True)
class Found:
    """What a comparison found.

    Attributes
    ----------
    new : frozenset of str
        `packets` of all that was compared now.
    matches : sequence of mapping
        Rows of `audio_match`, of pairs with at least one of these.
    version : str
        Of the comparison.
    unheard : int
        How many files could not be compared.
    held : frozenset of str, optional
        `packets` of all that took part: what did not is no longer compared, for what comes meanwhile is never held
        against it. None: nothing was compared.
    """

    new: frozenset[str] = frozenset()
    matches: Sequence[Mapping[str, Any]] = ()
    version: str = ""
    unheard: int = 0
    held: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison did.

    Attributes
    ----------
    revision : int or None
        The revision that holds it; None if nothing differs from what was there.
    files : int
        How much audio is compared by now: files with equal packets are one.
    new : int
        How much of it was compared now.
    unheard : int
        How many files have no fingerprint, and so can't be compared.
    matches, candidates : int
        How many pairs there are now, above the threshold and below.
    recordings : int
        How many recordings there are that several files hold.
    minted, merged, restored : int
        How many of these are new, became part of another, or are themselves again.
    """

    revision: int | None
    files: int
    new: int
    unheard: int
    matches: int
    candidates: int
    recordings: int
    minted: int
    merged: int
    restored: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows of a table that end, and rows that begin."""

    table: Table
    ended: Sequence[int]
    begun: Sequence[Mapping[str, Any]]

    def __bool__(self) -> bool:
        return bool(self.ended or self.begun)


def written(
    store: Store, comparison: Lease, lease: Lease, found: Found, *, actor: str, via: Via, clock: Clock
) -> Comparison:
    """Write what was found and the recordings that follow from it, as one revision; none if nothing differs.

    Parameters
    ----------
    store : Store
    comparison : Lease
        Named "comparison", and held since what is compared was read: whoever took it over may have compared more.
    lease : Lease
        Named "import"; what was not published before is undone already.
    found : Found
    actor, via : str
        Who compared, and through what.
    clock : Clock

    Raises
    ------
    StoreError
        If a lease was taken over: nothing of this is published.
    """
    with store.read() as connection:
        before = Snapshot(latest_revision(connection), clock())
        changes = [_marks(connection, before, found), _pairs(connection, before, found)]
        if not any(changes) and not members_to_change(connection, before, regrouped(connection, before)):
            return _report(connection, before, None, found, _NOTHING)
    work = Revising(lease, kind="neighbours", dataset=None, actor=actor, via=via, origin="comparison of audio")
    pace = Pace()
    with pace.write(store) as connection:
        comparison.confirm(connection)
        revision = work.begin(connection, at=clock())
    for change in changes:
        write_changes(store, work, pace, change)
    with store.read() as connection:
        after = Snapshot(revision, clock())
        grouping = regrouped(connection, after)
        members = members_to_change(connection, after, grouping)
    for first in range(0, len(grouping.minted), 500):
        with pace.write(store) as connection:
            work.mint(connection, grouping.minted[first : first + 500])
    write_changes(store, work, pace, members)
    with store.read() as connection:
        report = _report(connection, after, revision, found, grouping)
    counts = {
        "compared": report.new,
        "matches": report.matches,
        "candidates": report.candidates,
        "recordings": report.recordings,
    }
    with pace.write(store) as connection:
        comparison.confirm(connection)
        work.publish(connection, counts=counts, at=clock(), merged=grouping.merged, restored=grouping.restored)
    return report


_NOTHING: Final = Grouping({}, (), {}, ())


def compared_versions(connection: Connection, snapshot: Snapshot) -> dict[str, tuple[int, str]]:
    """Read what was compared: `packets` → the number of its row, and the version of the comparison."""
    rows = connection.execute(
        select(compared.c.packets, compared.c.id, compared.c.version).where(snapshot.holds(compared))
    )
    return {row.packets: (row.id, row.version) for row in rows}


def members_to_change(connection: Connection, snapshot: Snapshot, grouping: Grouping) -> Changes:
    """Compare the members of recordings with what they should be."""
    rows = connection.execute(
        select(recording_members.c.packets, recording_members.c.id, recording_members.c.recording).where(
            snapshot.holds(recording_members)
        )
    )
    standing = {row.packets: (row.id, row.recording) for row in rows}
    ended = sorted(number for one, (number, recording) in standing.items() if grouping.members.get(one) != recording)
    begun = [
        {"packets": one, "recording": recording}
        for one, recording in sorted(grouping.members.items())
        if one not in standing or standing[one][1] != recording
    ]
    return Changes(recording_members, ended, begun)


def write_changes(store: Store, work: Revising, pace: Pace, change: Changes) -> None:
    """Let the rows of a change end and begin, in writes that hold nobody up."""
    ended, begun = list(change.ended), list(change.begun)
    while ended:
        with pace.write(store) as connection:
            some, ended = ended[: pace.size], ended[pace.size :]
            work.close_rows(connection, change.table, some)
    while begun:
        with pace.write(store) as connection:
            rows, begun = begun[: pace.size], begun[pace.size :]
            work.open_rows(connection, change.table, rows)


def _marks(connection: Connection, snapshot: Snapshot, found: Found) -> Changes:
    known = compared_versions(connection, snapshot)
    stale = [known[one][0] for one in found.new if one in known and known[one][1] != found.version]
    if found.held is not None:
        stale += [number for one, (number, _) in known.items() if one not in found.held]
    fresh = sorted(one for one in found.new if one not in known or known[one][1] != found.version)
    return Changes(compared, sorted(stale), [{"packets": one, "version": found.version} for one in fresh])


def _pairs(connection: Connection, snapshot: Snapshot, found: Found) -> Changes:
    """Compare the matches of what is new with those that stand; of what was compared before there may be some."""
    names = [column.name for column in audio_matches.columns if column.name not in _LIFE]
    standing: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
    if found.new:
        for row in connection.execute(select(audio_matches).where(snapshot.holds(audio_matches))):
            if row.packets_a in found.new or row.packets_b in found.new:
                said = {name: row._mapping[name] for name in names}
                standing[row.packets_a, row.packets_b] = row.id, said
    begun, kept = [], set()
    for match in found.matches:
        pair = match["packets_a"], match["packets_b"]
        if pair in standing and standing[pair][1] == match:
            kept.add(pair)
        else:
            begun.append(match)
    return Changes(audio_matches, sorted(number for pair, (number, _) in standing.items() if pair not in kept), begun)


def _report(
    connection: Connection, snapshot: Snapshot, revision: int | None, found: Found, grouping: Grouping
) -> Comparison:
    def number(table: Table, *conditions: Any) -> int:
        counted = select(func.count()).select_from(table).where(snapshot.holds(table), *conditions)
        return int(connection.execute(counted).scalar_one())

    several = select(func.count(recording_members.c.recording.distinct())).where(snapshot.holds(recording_members))
    return Comparison(
        revision=revision,
        files=number(compared),
        new=len(found.new),
        unheard=found.unheard,
        matches=number(audio_matches, audio_matches.c.candidate.is_(False)),
        candidates=number(audio_matches, audio_matches.c.candidate.is_(True)),
        recordings=int(connection.execute(several).scalar_one()),
        minted=len(grouping.minted),
        merged=len(grouping.merged),
        restored=len(grouping.restored),
    )
