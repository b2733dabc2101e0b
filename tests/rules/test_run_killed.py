"""An audit that is killed in the middle: nothing of it is seen, and the next one is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from audit_core.catalogue.store import Store
from audit_core.ledger import violations
from audit_core.ledger.settling import settle
from audit_core.ledger.tables import findings, runs
from audit_core.ledger.verify import verify
from rules.activation import activate
from rules.run import audit
from tests.support.catalogue import plant
from tests.support.policies import LICENCES, policy

AUDIT_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from audit_core.catalogue.store import Store
from audit_core.rights import LicenceTable
from rules.run import audit

def die(done, total):
    os.kill(os.getpid(), signal.SIGKILL)

with Store(sys.argv[1]) as store:
    audit(store, licences=LicenceTable.load(), as_of=datetime.now(UTC), actor="U001", via="cli", progress=die)
"""


def test_an_audit_that_was_killed_is_not_seen_and_the_next_one_finds_everything(
    store: Store, database_url: str
) -> None:
    plant(store, "crate", [{"key": f"t{number:03}"} for number in range(200)])
    rules = [
        {"id": "titled", "kind": "field", "field": "title", "must": "be_present"},
        {"id": "signed", "kind": "field", "field": "artist", "must": "be_present"},
    ]
    activate(store, [policy(*rules)], actor="U001", via="cli")
    killed = subprocess.run(
        [sys.executable, "-c", AUDIT_AND_DIE, database_url],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    settle(store)
    with store.read() as connection:
        staged = connection.execute(select(func.count()).select_from(findings)).scalar_one()
        assert staged == 200  # of the first rule
        assert violations.listed(connection) == []
    report = audit(store, licences=LICENCES, as_of=datetime.now(UTC), actor="U001", via="cli")
    assert [outcome.changes for outcome in report.outcomes] == [{"opened": 200}, {"opened": 200}]
    with store.read() as connection:
        assert len(violations.listed(connection)) == 400
        finished = connection.execute(select(runs.c.id).where(runs.c.finished_at.is_not(None))).scalars().all()
    assert finished == [report.run_id]
    assert verify(store).broken is None
