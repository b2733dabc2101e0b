"""Who may decide what; the same for Slack, the desk and the shell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from audit_core.catalogue.store import Store
from audit_core.errors import DecisionRefused
from audit_core.ledger.policies import retire
from audit_core.ledger.tables import decisions, policy_texts, quarantines, waivers
from bot.review import AnswerRefused, Click, Review
from bot.roles import Roles
from bot.tables import outbox
from tests.support.conversation import activate, failing, policy_text
from tests.support.ledger import Time, audit, dataset, key_of, revision, track

GOOD = Click(verdict="approve", key=key_of("a"), revision=1, person="U1", via="cli", reason="it is in the contract")
WAIVE = replace(GOOD, verdict="waive", evidence_url="https://label.example/1")


class Bench:
    """A review over one open violation."""

    def __init__(self, store: Store, **policy: object) -> None:
        self.store = store
        self.clock = Time()
        self.sha256 = activate(store, policy_text(**policy), self.clock())
        with store.write() as connection:
            train = dataset(connection, "train")
            first = revision(connection, train)
            track(connection, train, "a", first, files=[("audio", {"sha256": "1f"})])
        audit(store, failing("a"), clock=self.clock)
        self.review = Review(store, Roles({"@data-legal": ["U1", "U2"]}, {"U1": "Nina"}, self.clock), self.clock)

    def rows(self, table: Any) -> int:
        with self.store.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def bench(store: Store) -> Callable[..., Bench]:
    return lambda **policy: Bench(store, **policy)


def test_a_decision_is_kept_under_the_policy_text_that_was_in_force(bench: Callable[..., Bench]) -> None:
    here = bench()
    outcome = here.review.decide(GOOD)
    assert (outcome.state, outcome.decision.person, outcome.decision.policy_sha256) == ("approved", "U1", here.sha256)
    assert here.rows(policy_texts) == 1


def test_the_same_click_twice_is_one_decision(bench: Callable[..., Bench]) -> None:
    here = bench()
    first, second = here.review.decide(GOOD), here.review.decide(GOOD)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.decision == second.decision
    assert here.rows(decisions) == 1


def test_who_is_not_named_has_no_say(bench: Callable[..., Bench]) -> None:
    with pytest.raises(DecisionRefused, match="U9 has no say in this. The policy names @data-legal as reviewers"):
        bench().review.decide(replace(GOOD, person="U9"))


def test_people_named_by_the_policy_have_a_say(store: Store) -> None:
    here = Bench(store)
    text = policy_text().replace('{group: "@data-legal"}', "{people: [U7000000]}")
    activate(store, text, here.clock())
    with pytest.raises(DecisionRefused, match="The policy names U7000000 as reviewers"):
        here.review.decide(GOOD)
    assert here.review.decide(replace(GOOD, person="U7000000")).state == "approved"


def test_a_verdict_that_the_rule_does_not_offer_is_refused(bench: Callable[..., Bench]) -> None:
    here = bench(decisions="quarantine")
    with pytest.raises(DecisionRefused, match="can't be decided by waive. The policy allows: quarantine"):
        here.review.decide(WAIVE)
    assert here.rows(decisions) == 0


def test_every_decision_needs_a_reason(bench: Callable[..., Bench]) -> None:
    with pytest.raises(AnswerRefused, match="a decision needs a reason") as refused:
        bench().review.decide(replace(GOOD, reason="  "))
    assert refused.value.field == "reason"


def test_a_waiver_ends_with_its_last_day(bench: Callable[..., Bench]) -> None:
    here = bench(schedule="schedule: {run: weekdays 06:00, timezone: America/New_York}")
    last = (here.clock() + timedelta(days=30)).date()
    here.review.decide(replace(WAIVE, until=last))
    with here.store.read() as connection:
        row = connection.execute(select(waivers)).one()
    assert row.until == last
    assert row.ends_at.isoformat() == f"{(last + timedelta(days=1)).isoformat()}T04:00:00+00:00"  # New York's midnight


@pytest.mark.parametrize("days", [-1, 91])
def test_a_waiver_ends_neither_in_the_past_nor_later_than_the_policy_allows(
    bench: Callable[..., Bench], days: int
) -> None:
    here = bench()
    with pytest.raises(AnswerRefused) as refused:
        here.review.decide(replace(WAIVE, until=(here.clock() + timedelta(days=days)).date()))
    assert refused.value.field == "until"
    assert here.rows(decisions) == 0


def test_a_waiver_may_last_as_long_as_the_policy_allows(bench: Callable[..., Bench]) -> None:
    here = bench()
    until = (here.clock() + timedelta(days=90)).date()
    assert here.review.decide(replace(WAIVE, until=until)).state == "waived"


def test_evidence_is_asked_for_where_the_policy_does(bench: Callable[..., Bench]) -> None:
    here = bench(evidence="required")
    bare = replace(WAIVE, evidence_url=None, until=(here.clock() + timedelta(days=9)).date())
    with pytest.raises(AnswerRefused, match="the policy asks for evidence"):
        here.review.decide(bare)
    activate(here.store, policy_text(evidence="optional"), here.clock())
    assert here.review.decide(bare).state == "waived"


@pytest.mark.parametrize(
    "address", ["https://drive.example/My File.pdf", "http://", "ftp://x.example/1", "https://x.example/<1>", " ", "x"]
)
def test_what_is_no_link_is_refused_for_its_field(bench: Callable[..., Bench], address: str) -> None:
    here = bench(evidence="optional")
    until = (here.clock() + timedelta(days=9)).date()
    with pytest.raises(AnswerRefused, match="the evidence is no link") as refused:
        here.review.decide(replace(WAIVE, evidence_url=address, until=until))
    assert refused.value.field == "evidence_url"
    assert here.rows(decisions) == 0


def test_a_quarantine_takes_out_the_rules_targets_and_a_release_brings_them_back(bench: Callable[..., Bench]) -> None:
    here = bench()
    quarantine = replace(GOOD, verdict="quarantine")
    assert here.review.matter(quarantine).targets == (("train", "a"),)
    outcome = here.review.decide(quarantine)
    assert outcome.quarantined == (("train", "a"),)
    release = replace(GOOD, verdict="release", revision=outcome.violation.revision, person="U2")
    assert here.review.matter(release).targets == (("train", "a"),)
    assert here.review.decide(release).state == "open"
    with here.store.read() as connection:
        assert connection.execute(select(quarantines.c.released_at)).scalar_one() is not None


def test_a_quarantine_can_be_released_after_its_rule_is_retired(bench: Callable[..., Bench]) -> None:
    here = bench()
    outcome = here.review.decide(replace(GOOD, verdict="quarantine"))
    with here.store.write() as connection:
        retire(connection, "release", actor="ada", via="cli", at=here.clock())
    release = replace(GOOD, verdict="release", revision=outcome.violation.revision)
    with pytest.raises(DecisionRefused, match="has no say"):
        here.review.decide(replace(release, person="U9"))
    assert here.review.decide(release).state == "open"


def test_a_rule_that_is_no_longer_in_force_decides_nothing_else(bench: Callable[..., Bench]) -> None:
    here = bench()
    with here.store.write() as connection:
        retire(connection, "release", actor="ada", via="cli", at=here.clock())
    with pytest.raises(DecisionRefused, match="the rule licence-known is no longer in force"):
        here.review.decide(GOOD)


def test_a_decision_and_its_message_are_one_transaction(bench: Callable[..., Bench]) -> None:
    here = bench()
    with here.store.write() as connection:
        from bot.outbox import ask_parent_of

        ask_parent_of(
            connection,
            policy="release",
            rule="licence-known",
            dataset="train",
            channel="#data-audit",
            at=here.clock(),
        )
        connection.execute(outbox.update().values(sent_at=here.clock()))
    here.review.decide(GOOD)
    with here.store.read() as connection:
        assert connection.execute(select(outbox.c.sent_at, outbox.c.asked)).one() == (None, 2)


def test_what_is_stale_is_refused_before_the_form_is_opened(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.review.permit(GOOD)
    here.review.decide(GOOD)
    with pytest.raises(DecisionRefused, match="U1 approved this violation at"):
        here.review.permit(replace(GOOD, person="U2"))
    with pytest.raises(DecisionRefused, match="this violation is no longer there"):
        here.review.permit(replace(GOOD, key="0" * 32))
