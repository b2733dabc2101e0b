"""An audit is what its inputs make it: the revision, the policies, the moment; and a dry run writes nothing."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete, func, select, update

from audit_core.catalogue.leases import hold
from audit_core.catalogue.revisions import open_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import revisions
from audit_core.errors import StoreError
from audit_core.ledger.tables import findings, runs
from audit_core.ledger.tables import violations as violation_table
from rules.activation import activate
from rules.run import audit
from tests.support.audits import MANY_FAULTS, NO_TITLE, ONE_OF_EACH_KIND, START, TITLED, Audited, Time
from tests.support.catalogue import plant
from tests.support.policies import LICENCES, policy


def _rows(store: Store) -> tuple[int, int]:
    with store.read() as connection:
        counted = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (findings, violation_table)
        ]
    return counted[0], counted[1]


def test_a_dry_run_reports_the_same_and_writes_nothing(store: Store, audited: Audited) -> None:
    plant(store, "crate", NO_TITLE)
    rehearsed = audited(policy(TITLED), dry_run=True)
    assert _rows(store) == (0, 0)
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(runs)).scalar() == 0
    held = audited()
    assert rehearsed.run_id is None
    assert rehearsed.outcomes == held.outcomes
    assert rehearsed.open_by_severity == held.open_by_severity


def test_a_dry_run_judges_by_what_earlier_audits_found(store: Store, audited: Audited) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    with store.write() as connection:  # as if the audit had been killed before it settled
        connection.execute(delete(violation_table))
        connection.execute(update(runs).values(settled_at=None))
    (outcome,) = audited(dry_run=True).outcomes
    assert outcome.changes == {}


def test_the_same_revision_policies_moment_and_seed_give_the_same_findings(
    store: Store, clock: Time, audited: Audited
) -> None:
    plant(store, "crate", MANY_FAULTS)
    activate(store, [policy(*ONE_OF_EACH_KIND)], actor="U001", via="cli", clock=clock)
    seen = []
    for _ in range(2):
        report = audit(store, licences=LICENCES, as_of=START, seed=3, actor="U001", via="cli", clock=clock)
        with store.read() as connection:
            leaves = select(findings).where(findings.c.run_id == report.run_id).order_by(findings.c.key)
            seen.append([{**row._mapping, "run_id": 0, "leaf": ""} for row in connection.execute(leaves)])
        with store.write() as connection:
            connection.execute(delete(violation_table))
    assert len(seen[0]) > 5
    assert seen[0] == seen[1]


def test_a_run_says_what_it_was_made_from(store: Store, audited: Audited) -> None:
    revision = plant(store, "crate", NO_TITLE)
    held_against = policy(TITLED)
    report = audited(held_against, seed=11)
    with store.read() as connection:
        run = connection.execute(select(runs).where(runs.c.id == report.run_id)).one()
    assert (run.revision, run.seed, run.as_of) == (revision, 11, report.as_of)
    assert run.inputs == {"policies": {"release": held_against.sha256}, "licences": LICENCES.digest}
    assert run.settled_at is not None
    assert json.loads(json.dumps(report.as_dict()))["outcomes"] == run.outcomes


def test_two_audits_can_not_run_at_once(store: Store, audited: Audited) -> None:
    with hold(store, "audit"), pytest.raises(StoreError, match="another audit is running"):
        audited(policy(TITLED))


def test_an_audit_sees_no_row_of_an_import_that_is_not_published(store: Store, audited: Audited) -> None:
    plant(store, "crate", [{"key": "a", "title": "A"}])
    revision = plant(store, "crate", NO_TITLE)
    with store.write() as connection:
        connection.execute(update(revisions).where(revisions.c.id == revision).values(published_at=None))
    (outcome,) = audited(policy(TITLED)).outcomes
    assert (outcome.result, outcome.judged) == ("pass", 1)


def test_a_dataset_whose_first_import_was_refused_is_judged_by_no_rule(store: Store, audited: Audited) -> None:
    plant(store, "crate", [{"key": "a", "title": "A"}])
    with store.write() as connection:
        _, revision = open_revision(connection, "never", actor="ada", origin="a.csv", at=START)
        connection.execute(update(revisions).where(revisions.c.id == revision).values(abandoned_at=START))
    assert [outcome.dataset for outcome in audited(policy(TITLED)).outcomes] == ["crate"]
