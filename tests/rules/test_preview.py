"""A preview is the next audit without the writing: whatever the catalogue and the edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, func, select
from sqlmodel import SQLModel

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger.chain import head
from audit_core.ledger.decisions import decide, possible
from audit_core.ledger.policies import retire
from audit_core.ledger.requests import Request
from audit_core.ledger.tables import findings, violations
from audit_core.ledger.transitions import Verdict
from audit_core.ledger.violations import CLOSED, Violation, listed
from rules.activation import activate
from rules.judging import Judging
from rules.language.policy import Policy
from rules.lineage import carries_on
from rules.preview import Preview, preview
from rules.run import audit
from tests.support.audits import Time
from tests.support.catalogue import plant
from tests.support.edits import CATALOGUES, EDITS, policy_of
from tests.support.policies import LICENCES

NUMBERS = count()
OPENS, CLOSES = {"opened", "reopened"}, {"resolved", "gone", "superseded"}
FORESEEN = {
    "opened": "opens",
    "reopened": "reopens",
    **{name: name for name in ("resolved", "gone", "superseded", "changed", "renamed")},
}


CLOCK = Time()


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[dict[str, Store]]:
    """A SQLite and a PostgreSQL store, kept over all examples: each has a dataset and a policy of its own."""
    path = Path(tmp_path_factory.mktemp("previews")) / "cratecheck.sqlite"
    with Store(sqlite_url(path)) as one, Store(postgresql_server) as other:
        yield {"sqlite": one, "postgresql": other}


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), rows=CATALOGUES, later=CATALOGUES, edit=EDITS)
def test_a_preview_foresees_what_activating_and_auditing_then_does(
    stores: dict[str, Store],
    backend: str,
    data: st.DataObject,
    rows: list[dict[str, Any]],
    later: list[dict[str, Any]],
    edit: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    store, name = stores[backend], f"crate-{next(NUMBERS)}"
    before, after = (policy_of(one, name) for one in edit)
    plant(store, name, rows)
    _audited(store, before)
    _decide_some(store, name, data)
    plant(store, name, data.draw(st.sampled_from([rows, later])))
    CLOCK.now += timedelta(days=data.draw(st.sampled_from([0, 2])))
    as_of, then = CLOCK(), _standing(store, name)
    foreseen = _without_writing(store, before, after, as_of)
    anyway = _keys(store, before, as_of)
    run_id = _audited(store, after, as_of=as_of)
    _must_have_come_so(store, name, foreseen, then, run_id)
    _must_tell_the_edit_apart(store, foreseen, anyway, run_id)
    for rule in before.rules:
        if rule.severity == "critical" and not foreseen.loosening:
            own = [one for one in foreseen.rules if one.rule in (rule.id, (carries_on(after, rule) or rule).id)]
            stopped = any(one.stopped for one in own)
            assert stopped or sum(one.closes - one.anyway.closes for one in own) <= _of_rules(own)
    with store.write() as connection:
        retire(connection, name, actor="U1", via="cli", at=CLOCK())


def _of_rules(told: Any) -> int:
    return sum(
        ending.message.startswith(("Stopped at", "There is not", "It could")) for one in told for ending in one.closing
    )


def _audited(store: Store, policy: Policy, as_of: datetime | None = None) -> int:
    activate(store, [policy], actor="U1", via="cli", clock=CLOCK)
    report = audit(store, licences=LICENCES, as_of=as_of or CLOCK(), actor="U1", via="cli", clock=CLOCK)
    assert report.run_id is not None
    return report.run_id


def _standing(store: Store, policy: str) -> dict[str, Violation]:
    with store.read() as connection:
        return {one.key: one for one in listed(connection, policy=policy)}


def _decide_some(store: Store, policy: str, data: st.DataObject) -> None:
    for one in list(_standing(store, policy).values())[:4]:
        verdict: Verdict = data.draw(st.sampled_from(["approve", "waive", "quarantine"]))
        if data.draw(st.booleans()) or (verdict == "quarantine" and one.subject_kind != "track"):
            continue
        with store.write() as connection:
            if verdict in possible(connection, one):
                decide(connection, _request(one, verdict))


def _request(violation: Violation, verdict: Verdict) -> Request:
    until = CLOCK.now + timedelta(days=1)
    return Request(
        verdict=verdict,
        violation_key=violation.key,
        violation_revision=violation.revision,
        person="U1",
        via="cli",
        at=CLOCK(),
        reason="looked at it",
        until=until.date() if verdict == "waive" else None,
        ends_at=until if verdict == "waive" else None,
        policy_sha256="0" * 64,
        targets=((violation.dataset, violation.subject),) if verdict == "quarantine" else (),
        copies_too=True,
    )


def _without_writing(store: Store, before: Policy, after: Policy, as_of: datetime) -> Preview:
    """Preview, on SQLite on connections that can't write, and see that nothing was written."""
    was = _everything(store)
    if store.is_sqlite:
        event.listen(store.engine, "begin", _forbid)
    try:
        found = preview(store, before=before, after=after, licences=LICENCES, as_of=as_of)
    finally:
        if store.is_sqlite:
            event.remove(store.engine, "begin", _forbid)
            store.engine.dispose()
    assert _everything(store) == was
    return found


def _forbid(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA query_only = 1")


def _everything(store: Store) -> tuple[object, ...]:
    with store.read() as connection:
        counted = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in SQLModel.metadata.sorted_tables
        ]
        return (*counted, head(connection), connection.execute(select(func.sum(violations.c.revision))).scalar())


def _keys(store: Store, policy: Policy, as_of: datetime) -> dict[str, str]:
    """What an audit under the policy in force would do to each violation, without the edit."""
    with store.read() as connection:
        judging = Judging(store, LICENCES, Snapshot(latest_revision(connection), as_of))
    covered = judging.covered(policy.applies_to)
    return {
        change.key: change.transition
        for rule in policy.rules
        for judgement in judging.judgements(policy, rule, covered, judging.standing(policy, rule))
        for change in judgement.changes
    }


def _must_have_come_so(store: Store, policy: str, foreseen: Preview, then: dict[str, Violation], run_id: int) -> None:
    by_rule = {
        (one.rule, one.dataset, name): getattr(one, attribute)
        for one in foreseen.rules
        for name, attribute in FORESEEN.items()
        if getattr(one, attribute)
    }
    grouped = (
        select(findings.c.rule, findings.c.dataset, findings.c.transition, func.count())
        .where(findings.c.run_id == run_id, findings.c.policy == policy)
        .group_by(findings.c.rule, findings.c.dataset, findings.c.transition)
    )
    with store.read() as connection:
        assert by_rule == {tuple(row[:3]): row[3] for row in connection.execute(grouped)}
    now = _standing(store, policy)
    came: Counter[str] = Counter()
    stays = 0
    for key, violation in now.items():
        was = then.get(key)
        if was is None:
            came["opened"] += 1
        elif violation.reopened > was.reopened:
            came["reopened"] += 1
        elif violation.state != was.state:
            came[violation.state] += 1
        else:
            stays += violation.state not in CLOSED
    summed = Counter(
        {name: sum(getattr(one, attribute) for one in foreseen.rules) for name, attribute in FORESEEN.items()}
    )
    assert {name: came[name] for name in OPENS | CLOSES} == {name: summed[name] for name in OPENS | CLOSES}
    assert stays == sum(one.unchanged for one in foreseen.rules)
    shown = {one.key for rule in foreseen.rules for one in rule.opening}
    assert all(now[key].state == "open" for key in shown)


def _must_tell_the_edit_apart(store: Store, foreseen: Preview, anyway: dict[str, str], run_id: int) -> None:
    of_run = select(findings.c.key, findings.c.transition, findings.c.rule, findings.c.dataset)
    with store.read() as connection:
        rows = connection.execute(of_run.where(findings.c.run_id == run_id, findings.c.policy == foreseen.policy)).all()
    for kinds, name in ((OPENS, "opens"), (CLOSES, "closes")):
        both = Counter(
            (row.rule, row.dataset) for row in rows if row.transition in kinds and anyway.get(row.key) in kinds
        )
        told = {(one.rule, one.dataset): getattr(one.anyway, name) for one in foreseen.rules}
        assert {place: number for place, number in told.items() if number} == dict(both)
