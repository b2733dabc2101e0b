"""How often a waiver may follow another: by the policy, whoever asks and through whatever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import DecisionRefused
from audit_core.ledger.chain import Via
from audit_core.ledger.decisions import Outcome
from audit_core.ledger.transitions import Verdict
from audit_core.ledger.violations import with_key
from bot.review import AnswerRefused, Click, Review
from bot.roles import Roles
from tests.support.conversation import House, activate, failing, policy_text
from tests.support.ledger import Time, audit, dataset, key_of, revision, track

KEY = key_of("a")


def with_renewals(number: int | None) -> str:
    renewals = "" if number is None else f", renewals: {number}"
    return policy_text().replace("{longest: 90 days", f"{{longest: 90 days{renewals}")


class Bench:
    """A review over one violation, which is waived again and again."""

    def __init__(self, store: Store, renewals: int | None) -> None:
        self.store = store
        self.clock = Time()
        activate(store, with_renewals(renewals), self.clock())
        with store.write() as connection:
            train = dataset(connection, "train")
            track(connection, train, "a", revision(connection, train), files=[("audio", {"sha256": "1f"})])
        audit(store, failing("a"), clock=self.clock)
        self.review = Review(store, Roles({"@data-legal": ["U1"]}, {}, self.clock), self.clock)

    def click(self, verdict: Verdict = "waive", *, days: int | None = None, via: Via = "cli") -> Click:
        with self.store.read() as connection:
            stands = with_key(connection, KEY)
        assert stands is not None
        until = self.day(days) if days is not None else None
        evidence = "https://label.example/1" if verdict == "waive" else None
        return Click(
            verdict=verdict, key=KEY, revision=stands.revision, person="U1", via=via, reason="as agreed",
            evidence_url=evidence, until=until,
        )  # fmt: skip

    def waive(self, days: int, via: Via = "cli") -> Outcome:
        return self.review.decide(self.click(days=days, via=via))

    def day(self, days: int) -> date:
        return (self.clock() + timedelta(days=days)).date()

    def pass_by(self, days: int) -> None:
        """Let days go by, and audit: what is waived no longer is open again."""
        self.clock.now += timedelta(days=days)
        audit(self.store, failing("a"), clock=self.clock)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield store


@pytest.mark.parametrize("via", ["slack", "cli", "desk"])
def test_no_waiver_follows_more_often_than_the_policy_allows(store: Store, via: Via) -> None:
    here = Bench(store, renewals=1)
    here.waive(30, via)
    here.pass_by(40)
    second = here.waive(30, via).decision.until
    here.pass_by(40)
    refusal = f"was waived until {second}, and the policy allows 1 renewal in a row and no more"
    with pytest.raises(AnswerRefused, match=refusal) as refused:
        here.waive(30, via)
    assert refused.value.field == "until"
    assert refused.value.mend == (
        "Approve it, quarantine it or mend it: what was approved or mended, and fails again, may be waived again."
    )


def test_a_waiver_that_runs_is_renewed_by_a_later_end(kept: Store) -> None:
    here = Bench(kept, renewals=0)
    here.waive(30)
    with pytest.raises(AnswerRefused, match="the policy allows no renewal"):
        here.waive(31)


def test_ending_a_waiver_sooner_renews_nothing(kept: Store) -> None:
    here = Bench(kept, renewals=0)
    first = here.waive(30).decision.until
    here.waive(10)
    assert here.waive(30).decision.until == first


def test_without_a_limit_a_waiver_is_renewed_as_often_as_one_likes(kept: Store) -> None:
    here = Bench(kept, renewals=None)
    assert [here.waive(days).state for days in (10, 20, 30, 40)] == ["waived"] * 4


def test_the_same_click_twice_is_no_renewal(kept: Store) -> None:
    here = Bench(kept, renewals=0)
    click = here.click(days=30)
    assert [here.review.decide(click).repeated for _ in range(2)] == [False, True]


def test_what_was_mended_and_fails_again_is_waived_anew(kept: Store) -> None:
    here = Bench(kept, renewals=0)
    here.waive(30)
    audit(kept, [], clock=here.clock)
    audit(kept, failing("a"), clock=here.clock)
    assert here.waive(60).state == "waived"


def test_what_was_approved_and_is_open_again_is_waived_anew(kept: Store) -> None:
    here = Bench(kept, renewals=0)
    here.waive(30)
    here.review.decide(here.click("approve"))
    audit(kept, failing("a", bound={"licence": "other"}), clock=here.clock)
    assert here.waive(60).state == "waived"


@pytest.mark.parametrize("away", ["gone", "superseded"])
def test_what_was_merely_away_is_in_the_same_row(kept: Store, away: str) -> None:
    here = Bench(kept, renewals=0)
    here.waive(30)
    audit(kept, [], clock=here.clock, gone=frozenset({KEY}), retired=away == "superseded")
    audit(kept, failing("a"), clock=here.clock)
    with pytest.raises(AnswerRefused, match="the policy allows no renewal"):
        here.waive(60)


def test_a_quarantine_in_between_mends_nothing(kept: Store) -> None:
    here = Bench(kept, renewals=0)
    here.waive(30)
    here.review.decide(here.click("quarantine"))
    here.review.decide(here.click("release"))
    with pytest.raises(AnswerRefused, match="the policy allows no renewal"):
        here.waive(60)


def test_whoever_is_asked_is_told_the_last_day_that_is_left(kept: Store) -> None:
    here = Bench(kept, renewals=0)
    assert here.review.matter(here.click()).longest == here.day(90)
    here.waive(30)
    assert here.review.matter(here.click()).longest == here.day(30)
    here.pass_by(40)
    for refused in (here.review.permit, here.review.matter):
        with pytest.raises(DecisionRefused, match="the policy allows no renewal"):
            refused(here.click())


def test_a_form_that_could_only_be_refused_is_not_opened(house: House) -> None:
    activate(house.store, with_renewals(0), house.clock())
    house.audit(*failing("a"))
    house.form("nina", "waive", KEY)
    good = {"reason": "a letter is on its way", "evidence_url": "https://x.example/1"}
    assert house.desk.user("nina").submit(values=good).ok
    house.clock.now += timedelta(days=100)
    house.audit(*failing("a"))
    reply = house.thread()[-1]
    house.desk.user("nina").click(reply["ts"], "decide:waive", block_id=KEY)
    assert house.desk.wait_for(lambda: [text for text in house.whispers("nina") if "allows no renewal" in text])
