"""Findings, runs, decisions and small catalogues for the tests of the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import assets, checksums, datasets, revisions, tracks
from audit_core.ledger import decisions, runs, violations
from audit_core.ledger.requests import Request
from audit_core.ledger.transitions import Verdict, superseded, transitions
from audit_core.ledger.violations import Found
from audit_core.ledger.waivers import outlived_at

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
POLICY_SHA = hashlib.sha256(b"a policy").hexdigest()


def found(subject: str, *, bound: Mapping[str, Any] | None = None, **changed: Any) -> Found:
    """A track that fails a rule."""
    values: dict[str, Any] = {
        "policy": "release",
        "rule": "licence-known",
        "kind": "field",
        "dataset": "train",
        "severity": "high",
        "mode": "enforce",
        "subject_kind": "track",
        "subject": subject,
        "message": f"{subject} has no licence.",
        "evidence": {"licence": None, **(bound or {})},
        "bound": dict(bound or {}),
    }
    return Found(**{**values, **changed})


def key_of(subject: str, **changed: Any) -> str:
    return found(subject, **changed).key


class Time:
    """A clock that goes on by a minute at each look."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


def audit(
    store: Store,
    failing: Iterable[Found],
    *,
    clock: Time,
    gone: frozenset[str] = frozenset(),
    complete: bool = True,
    retired: bool = False,
    settle: bool = True,
    outcomes: Sequence[Any] = (),
) -> int:
    """One run over the rule of `found`, from start to settling."""
    run_id = begun(store, clock=clock)
    with store.read() as connection:
        standing = violations.standing(connection, "release", "licence-known")
        outlived = outlived_at(connection, clock())
    changes = transitions(
        failing,
        standing,
        outlived=outlived,
        closing=lambda missing: {one.key: "gone" for one in missing if one.key in gone},
        complete=complete,
    )
    runs.stage(store, run_id, superseded(standing.values()) if retired else changes)
    runs.finish(store, run_id, outcomes, clock=clock)
    if settle:
        runs.settle(store, clock=clock)
    return run_id


def begun(store: Store, *, clock: Time) -> int:
    return runs.start(
        store,
        revision=1,
        as_of=clock(),
        seed=7,
        inputs={"release": POLICY_SHA},
        actor="schedule",
        via="schedule",
        tool_version="0.1.0",
        clock=clock,
    )


def request(
    verdict: Verdict,
    key: str,
    revision: int = 1,
    *,
    person: str = "ada",
    at: datetime = START + timedelta(hours=1),
    days: int = 30,
    **changed: Any,
) -> Request:
    values: dict[str, Any] = {
        "verdict": verdict,
        "violation_key": key,
        "violation_revision": revision,
        "person": person,
        "via": "cli",
        "at": at,
        "policy_sha256": POLICY_SHA,
        "reason": "as agreed",
    }
    if verdict == "waive":
        end = at + timedelta(days=days)
        values |= {"until": date(end.year, end.month, end.day), "ends_at": end}
    if verdict == "quarantine":
        values |= {"targets": (("train", "a"),), "copies_too": True}
    return Request(**{**values, **changed})


def decided(store: Store, wanted: Request) -> decisions.Outcome:
    with store.write() as connection:
        return decisions.decide(connection, wanted)


def dataset(connection: Connection, name: str) -> int:
    known = connection.execute(select(datasets.c.id).where(datasets.c.name == name)).scalar()
    if known is not None:
        return int(known)
    return int(connection.execute(insert(datasets).values(name=name).returning(datasets.c.id)).scalar_one())


def revision(connection: Connection, dataset_id: int, *, published: bool = True) -> int:
    row = insert(revisions).values(
        dataset_id=dataset_id,
        actor="ada",
        origin="test",
        started_at=START,
        published_at=START if published else None,
        counts={},
    )
    return int(connection.execute(row.returning(revisions.c.id)).scalar_one())


def track(
    connection: Connection,
    dataset_id: int,
    key: str,
    from_rev: int,
    *,
    files: Sequence[tuple[str, Mapping[str, str]]] = (),
    **columns: Any,
) -> int:
    """A track with files, each a role and its checksums by algorithm."""
    row = insert(tracks).values(dataset_id=dataset_id, key=key, from_rev=from_rev, row_hash=b"\0" * 32, **columns)
    track_id = int(connection.execute(row.returning(tracks.c.id)).scalar_one())
    for role, sums in files:
        asset = insert(assets).values(track_id=track_id, role=role, path=f"{key}.{role}").returning(assets.c.id)
        asset_id = connection.execute(asset).scalar_one()
        for algorithm, value in sums.items():
            connection.execute(
                insert(checksums).values(asset_id=asset_id, algorithm=algorithm, value=value, track_id=track_id)
            )
    return track_id
