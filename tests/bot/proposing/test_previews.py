"""What a preview says of Slack is what the announcement of the next audit then asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger.policies import retire
from bot.announce import announce
from bot.policies import Policies
from bot.proposing.previews import previewed
from bot.reports.preview_words import sums
from bot.roles import Roles
from bot.tables import outbox, outbox_items
from rules.activation import activate
from rules.language.policy import Policy
from rules.run import audit
from tests.support.audits import Time
from tests.support.catalogue import plant
from tests.support.edits import CATALOGUES, EDITS, policy_of
from tests.support.policies import LICENCES

NUMBERS = count()
CLOCK = Time()
ROLES = Roles(people={"U001": "Ada Adams"})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that is kept over all examples: each has a dataset and a policy of its own."""
    with Store(sqlite_url(Path(tmp_path_factory.mktemp("previews")) / "cratecheck.sqlite")) as one:
        yield one


def _audited(store: Store, policy: Policy) -> None:
    activate(store, [policy], actor="U1", via="cli", clock=CLOCK)
    audit(store, licences=LICENCES, as_of=CLOCK(), actor="U1", via="cli", clock=CLOCK)
    announce(store, Policies(CLOCK), CLOCK)


def _asked(store: Store, policy: str) -> dict[int, Any]:
    with store.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.subject.contains(f"/{policy}/")))
        return {row.id: row for row in rows}


def _listed(store: Store, messages: list[int]) -> int:
    listed = select(func.count()).select_from(outbox_items).where(outbox_items.c.outbox_id.in_(messages))
    with store.read() as connection:
        return connection.execute(listed).scalar_one()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=CATALOGUES, later=CATALOGUES, edit=EDITS, times=st.sampled_from([1, 8]))
def test_a_preview_counts_the_messages_that_then_are_asked_for(
    store: Store, rows: list[dict[str, Any]], later: list[dict[str, Any]], edit: tuple[Any, Any], times: int
) -> None:
    name = f"crate-{next(NUMBERS)}"
    before, after = (policy_of(one, name) for one in edit)
    plant(store, name, _repeated(rows, times))
    _audited(store, before)
    plant(store, name, _repeated(later, times))
    found = previewed(store, before=before, after=after, licences=LICENCES, as_of=CLOCK(), roles=ROLES)
    was = _asked(store, name)
    _audited(store, after)
    now = _asked(store, name)
    replies = [row for number, row in now.items() if row.parent is not None and number not in was]
    moved = [row for number, row in now.items() if number in was and was[number].channel != row.channel]
    parents = [row for number, row in now.items() if row.parent is None and (number not in was or row in moved)]
    told = {one["channel"]: one for one in found["channels"]}
    threads, messages = (Counter(f"#{row.channel}" for row in asked) for asked in (parents, replies))
    assert {channel: one["threads"] for channel, one in told.items() if one["threads"]} == threads
    assert {channel: one["messages"] for channel, one in told.items() if one["messages"]} == messages
    if after.mode == "enforce":
        comes_up = sum(rule["opens"] + rule["reopens"] + rule["enforced"] for rule in found["rules"])
        left_out = sum(one["left_out"] for one in told.values())
        assert _listed(store, [row.id for row in replies]) == comes_up - left_out
    else:
        assert not messages
    with store.write() as connection:
        retire(connection, name, actor="U1", via="cli", at=CLOCK())


def _repeated(rows: list[dict[str, Any]], times: int) -> list[dict[str, Any]]:
    return [{**row, "key": f"{row['key']}-{number}"} for row in rows for number in range(times)]


def test_a_preview_tells_that_what_is_only_observed_would_be_enforced(store: Store) -> None:
    plant(store, "observed", [{"key": "a"}, {"key": "b"}])
    drawn = {"rules": {"titled": (0, "low")}, "where": None, "stop": "100 % of tracks", "channel": "#audit"}
    observed, enforced = (policy_of({**drawn, "mode": mode}, "observed") for mode in ("observe", "enforce"))
    _audited(store, observed)
    told = previewed(store, before=observed, after=enforced, licences=LICENCES, as_of=CLOCK(), roles=ROLES)
    assert [(one["threads"], one["messages"], one["left_out"]) for one in told["channels"]] == [(1, 1, 0)]
    assert "would open 0 violations and close 0. 2 open violations that are only observed would be enforced." in (
        sums(told)
    )
    before = _asked(store, "observed")
    _audited(store, enforced)
    assert _listed(store, [number for number in _asked(store, "observed") if number not in before]) == 2


def test_a_preview_says_that_the_audit_makes_the_recordings_anew_before(store: Store) -> None:
    plant(store, "separated", [{"key": "a"}])
    drawn = {"rules": {"titled": (0, "low")}, "mode": "observe", "where": None, "stop": "100 % of tracks"}
    new = policy_of({**drawn, "channel": "#audit"}, "separated")
    told = previewed(store, before=None, after=new, licences=LICENCES, as_of=CLOCK(), roles=ROLES)
    assert told["regroups"] is False
    assert "recordings anew" not in sums(told)
    assert "The audit makes the recordings anew before" in sums({**told, "regroups": True})


def test_a_preview_names_who_would_be_asked(store: Store) -> None:
    plant(store, "whom", [{"key": "a"}])
    drawn = {"rules": {"titled": (0, "low")}, "mode": "enforce", "where": None, "stop": "100 % of tracks"}
    new = policy_of({**drawn, "channel": "#audit"}, "whom")
    told = previewed(store, before=None, after=new, licences=LICENCES, as_of=CLOCK(), roles=ROLES)["channels"]
    assert told == [{"channel": "#audit", "threads": 1, "messages": 1, "left_out": 0, "people": ["Ada Adams"]}]
    assert previewed(store, before=new, after=None, licences=LICENCES, as_of=CLOCK(), roles=ROLES)["channels"] == []
