"""A text comes into force when it was examined, and somebody else who has a say confirmed it: once, on the record."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, insert, select, update

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import DecisionRefused, LedgerBroken, PolicyError, Problems
from audit_core.ledger.policies import activate_text, activations, in_force, pending, text_sha256
from audit_core.ledger.proposals import LAPSES_AFTER, Proposal
from audit_core.ledger.tables import ledger_entries, policy_activations, policy_answers, policy_texts
from audit_core.ledger.verify import verify
from audit_core.settings import Settings
from bot.proposing.activations import Activations
from bot.roles import Roles
from bot.tables import outbox
from tests.support.catalogue import plant
from tests.support.ledger import Time

PEOPLE = {"U0ADA": "Ada Adams", "U0GRACE": "Grace Green", "U0OTIS": "Otis Grand", "U0MAL": "Mallory Moor"}
POLICY = """\
cratecheck: 1
policy: {policy}
title: Audio that may train a model
owner: legal@label.example
{more}applies_to: {{datasets: ["*"]}}
review:
  channel: "#data-audit"
  reviewers: {{{reviewers}}}
safety: {{stop_if_over: 1000 violations}}
rules:
  - id: {rule}
    kind: field
    severity: {severity}
    field: licence
    must: be_present
    examples:
      - {{given: {{licence: CC-BY-4.0}}, expect: pass}}
      - {{given: {{}}, expect: {expected}}}
"""


def text(**changed: str) -> str:
    values = {
        "policy": "release",
        "more": "",
        "reviewers": 'group: "@data-legal"',
        "rule": "licence-known",
        "severity": "critical",
        "expected": "fail",
    }
    return POLICY.format(**{**values, **changed})


class House:
    """A workspace in which policies are proposed and answered."""

    def __init__(self, store: Store, **changed: Any) -> None:
        settings: dict[str, Any] = {"groups": {"@data-legal": ["U0ADA", "U0GRACE", "U0OTIS"]}, "people": PEOPLE}
        self.settings = Settings(workspace=Path(), **{**settings, **changed})
        self.store = store
        self.clock = Time()
        self.at_work = self.another()

    def another(self) -> Activations:
        """Another process at work on the same database."""
        roles = Roles(self.settings.groups, self.settings.people, self.clock)
        return Activations(self.store, roles, self.settings, clock=self.clock)

    def propose(self, body: str | None = None, person: str = "U0ADA", **more: Any) -> Proposal:
        found = self.at_work.propose(body if body is not None else text(), None, person, "cli", **more)
        assert found is not None
        return found

    def proposed(self, body: str | None = None, person: str = "U0ADA", **more: Any) -> Proposal:
        return self.at_work.examine(self.propose(body, person, **more).id)

    def confirm(self, found: Proposal, person: str = "U0GRACE") -> Proposal:
        return self.at_work.answer(found.id, person, "slack", "confirm")

    def activated(self, body: str | None = None) -> Proposal:
        found = self.confirm(self.proposed(body))
        return found if found.state == "activated" else self.confirm(found, "U0OTIS")

    def now(self) -> dict[str, str]:
        """The texts in force."""
        with self.store.read() as connection:
            return {policy: one.text for policy, one in in_force(connection, self.clock()).items()}

    def kinds(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.scalars(select(ledger_entries.c.kind).order_by(ledger_entries.c.seq)))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield House(store)


def test_a_text_is_in_force_once_it_was_proposed_examined_and_confirmed(store: Store) -> None:
    house = House(store)
    plant(store, "songs", [{"key": "a"}, {"key": "b", "licence": "CC-BY-4.0"}])
    found = house.propose(reason="as agreed", origin="policies/release.yaml", commit="1f" * 20)
    assert (found.state, found.person, found.reason, found.origin) == (
        "examining",
        "U0ADA",
        "as agreed",
        "policies/release.yaml",
    )
    assert house.now() == {}
    found = house.at_work.examine(found.id)
    assert (found.state, found.confirmations) == ("proposed", 1)
    assert found.preview is not None
    assert [(rule["rule"], rule["opens"]) for rule in found.preview["rules"]] == [("licence-known", 1)]
    assert house.now() == {}
    found = house.confirm(found)
    assert found.state == "activated"
    assert house.now() == {"release": text()}
    with store.read() as connection:
        (one,) = activations(connection)
    assert (one.person, one.via, one.proposal_id, one.commit) == ("U0GRACE", "slack", found.id, "1f" * 20)
    assert house.kinds()[1:] == ["proposal", "examination", "confirmation", "activation"]
    assert verify(store).broken is None


def test_a_policy_is_retired_by_the_same_path(store: Store) -> None:
    house = House(store)
    house.activated()
    found = house.at_work.propose(None, "release", "U0ADA", "cli")
    assert found is not None
    found = house.at_work.examine(found.id)
    assert found.preview is not None
    assert found.confirmations == 2, "a critical rule goes"
    assert house.confirm(house.confirm(found), "U0OTIS").state == "activated"
    assert house.now() == {}
    assert house.at_work.propose(None, "release", "U0ADA", "cli") is None
    assert verify(store).broken is None


def test_two_who_confirm_at_once_activate_it_once(store: Store) -> None:
    house = House(store)
    found = house.proposed()
    ready = threading.Barrier(6)

    def confirm(number: int) -> str:
        at_work = house.another()
        ready.wait()
        try:
            return at_work.answer(found.id, ("U0GRACE", "U0OTIS")[number % 2], "slack", "confirm").state
        except DecisionRefused as refusal:
            return str(refusal)

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(confirm, range(6)))
    assert said.count("activated") == 3, "whoever was first, and that person's other clicks"
    assert sum("was activated already: " in one for one in said) == 3
    assert house.kinds() == ["proposal", "examination", "confirmation", "activation"]
    assert verify(store).broken is None


def test_two_examinations_at_once_count_once(store: Store) -> None:
    house = House(store)
    found = house.propose()
    with ThreadPoolExecutor(3) as pool:
        states = pool.map(lambda _: house.another().examine(found.id).state, range(3))
    assert set(states) == {"proposed"}
    assert house.kinds() == ["proposal", "examination"]


def test_two_who_propose_the_same_at_once_make_one_proposal(store: Store) -> None:
    house = House(store)
    ready = threading.Barrier(4)

    def propose(number: int) -> str:
        at_work = house.another()
        ready.wait()
        found = at_work.propose(text(), None, ("U0ADA", "U0GRACE")[number % 2], "cli")
        return found.id if found else ""

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(propose, range(4)))) == 1
    assert house.kinds() == ["proposal"]


def test_the_same_click_twice_is_one_answer(house: House) -> None:
    found = house.proposed()
    first = house.confirm(found)
    assert house.confirm(found) == first
    assert house.kinds().count("confirmation") == 1


@pytest.mark.parametrize("spelled", ["U0ADA", "u0ada", "ada adams", " ADA  ADAMS ", "Ａｄａ Adams"])
def test_the_proposer_confirms_under_no_spelling_of_the_name(house: House, spelled: str) -> None:
    for proposer in ("U0ADA", "ada adams"):
        found = house.proposed(person=proposer)
        with pytest.raises(DecisionRefused, match="another person than proposed it"):
            house.confirm(found, spelled)


def test_whoever_proposes_under_a_name_that_two_bear_is_taken_for_both(tmp_path: Path) -> None:
    people = {**PEOPLE, "U0OTHER": "Ada Adams"}
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        house = House(store, people=people)
        found = house.proposed(person="Ada Adams")
        with pytest.raises(DecisionRefused, match="another person than proposed it"):
            house.confirm(found, "U0ADA")


@pytest.mark.parametrize("answer", ["confirm", "reject"])
def test_who_is_no_reviewer_has_no_say(house: House, answer: Any) -> None:
    found = house.proposed()
    with pytest.raises(DecisionRefused, match=r"Mallory Moor has no say in this. The policy names @data-legal\."):
        house.at_work.answer(found.id, "U0MAL", "slack", answer, "because")


def test_of_an_edit_the_reviewers_in_force_have_a_say_and_not_those_it_names(house: House) -> None:
    house.activated()
    found = house.proposed(text(reviewers="people: [U0MAL]"))
    with pytest.raises(DecisionRefused, match="Mallory Moor has no say"):
        house.confirm(found, "U0MAL")
    assert house.confirm(found).confirmed == 1


@pytest.mark.parametrize("chosen", [["U0MAL"], ["mallory moor"], ["@chosen"], ["U0ADA", "@chosen"]])
def test_the_settings_may_name_who_confirms_in_place_of_reviewers(tmp_path: Path, chosen: list[str]) -> None:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        house = House(store, policy_approvers=chosen, groups={"@chosen": ["U0MAL"], "@data-legal": ["U0GRACE"]})
        found = house.proposed()
        with pytest.raises(DecisionRefused, match="Grace Green has no say in this. The settings name "):
            house.confirm(found)
        assert house.confirm(found, "U0MAL").state == "activated"


def test_loosening_a_critical_rule_needs_two_who_did_not_propose_it(house: House) -> None:
    house.activated()
    found = house.proposed(text(severity="low"))
    assert found.preview is not None
    assert found.preview["loosening"]
    found = house.confirm(found)
    assert (found.state, found.confirmed, found.confirmations) == ("proposed", 1, 2)
    assert house.confirm(found) == found, "the same person again is the same answer"
    assert house.now() == {"release": text()}
    assert house.confirm(found, "Otis Grand").state == "activated"
    assert house.now() == {"release": text(severity="low")}


def test_a_rejection_needs_a_reason_and_ends_it(house: House) -> None:
    found = house.proposed()
    with pytest.raises(DecisionRefused, match="needs a reason"):
        house.at_work.answer(found.id, "U0GRACE", "slack", "reject", " ")
    assert house.at_work.answer(found.id, "U0GRACE", "slack", "reject", "too strict").state == "rejected"
    with pytest.raises(DecisionRefused, match="was rejected by Grace Green on .* UTC: too strict"):
        house.confirm(found, "U0OTIS")


def test_the_proposer_alone_may_withdraw_it_even_before_it_is_examined(house: House) -> None:
    found = house.propose()
    with pytest.raises(DecisionRefused, match="only Ada Adams, who proposed it, may withdraw it"):
        house.at_work.answer(found.id, "U0GRACE", "cli", "withdraw")
    assert house.at_work.answer(found.id, "ada adams", "cli", "withdraw").state == "withdrawn"
    assert house.at_work.examine(found.id).state == "withdrawn"
    assert house.kinds() == ["proposal", "withdrawal"]


def test_the_proposer_rejects_nothing_but_withdraws(house: House) -> None:
    with pytest.raises(DecisionRefused, match="Whoever proposed it may withdraw it"):
        house.at_work.answer(house.proposed().id, "U0ADA", "cli", "reject", "never mind")


def test_nothing_is_confirmed_before_it_is_examined(house: House) -> None:
    with pytest.raises(DecisionRefused, match="is still being examined"):
        house.confirm(house.propose())


def test_what_lapsed_can_no_longer_be_confirmed(house: House) -> None:
    found = house.proposed()
    house.clock.now += LAPSES_AFTER
    with pytest.raises(DecisionRefused, match="lapsed on .*: nobody decided in three days"):
        house.confirm(found)
    assert house.now() == {}


def test_what_was_overtaken_can_no_longer_be_confirmed(house: House) -> None:
    first, second = house.proposed(person="U0OTIS"), house.proposed(text(severity="high"), person="U0ADA")
    house.confirm(second)
    with pytest.raises(DecisionRefused, match="was overtaken: the policy release was changed since, by Grace Green"):
        house.confirm(first)
    assert house.now() == {"release": text(severity="high")}


def test_what_the_examination_refused_can_not_be_confirmed(house: House) -> None:
    found = house.proposed(text(expected="pass"))
    assert found.state == "refused"
    assert "expected pass, got fail" in (found.refused or "")
    with pytest.raises(DecisionRefused, match="was refused when it was examined: .*expected pass"):
        house.confirm(found)


def test_a_rule_without_examples_is_refused(house: House) -> None:
    found = house.proposed(text().split("    examples:")[0])
    assert "has no example that passes or fails" in (found.refused or "")


def test_what_is_in_force_is_not_proposed_again(house: House) -> None:
    house.activated()
    assert house.at_work.propose(text(), None, "U0OTIS", "cli") is None


def test_what_is_proposed_already_is_not_proposed_again(house: House) -> None:
    found = house.proposed()
    again = house.propose(person="U0OTIS")
    assert (again.id, again.person) == (found.id, "U0ADA")


def test_another_proposal_of_the_same_person_takes_the_place_of_the_first(house: House) -> None:
    first = house.proposed()
    second = house.proposed(text(severity="high"))
    assert house.at_work.named(first.short).state == "withdrawn"
    assert house.at_work.named(second.short).state == "proposed"
    assert verify(house.store).holds


def test_a_proposal_that_is_refused_takes_no_place(house: House) -> None:
    first = house.proposed()
    assert house.proposed(text(expected="pass")).state == "refused"
    assert house.at_work.named(first.short).state == "proposed"


def test_of_two_that_are_examined_in_the_other_order_the_later_stays(house: House) -> None:
    first, second = house.propose(), house.propose(text(severity="high"))
    assert house.at_work.examine(second.id).state == "proposed"
    assert house.at_work.examine(first.id).state == "withdrawn"


def test_mistakes_in_a_text_are_all_told_and_nothing_is_proposed(house: House) -> None:
    with pytest.raises(Problems) as told:
        house.propose(text(severity="grave", rule="Licence Known"), origin="policies/release.yaml")
    assert len(told.value.problems) == 2
    assert str(told.value).startswith("policies/release.yaml:")
    assert house.kinds() == []


def test_a_text_of_another_policy_is_not_taken_for_an_edit(house: House) -> None:
    with pytest.raises(PolicyError, match='this text is of the policy "other", not of "release"'):
        house.at_work.propose(text(policy="other"), "release", "U0ADA", "cli")


def test_a_policy_that_never_was_can_not_be_retired(house: House) -> None:
    house.activated()
    with pytest.raises(PolicyError, match='no policy "relase" was ever activated. Did you mean "release"'):
        house.at_work.propose(None, "relase", "U0ADA", "cli")


@pytest.mark.parametrize("state", ["in force", "pending"])
def test_a_rule_id_that_another_policy_has_is_refused(house: House, state: str) -> None:
    body = text(more="effective: {from: 2026-04-01}\n") if state == "pending" else text()
    house.activated(body)
    where = {"in force": "in force in the policy release", "pending": "takes force on 2026-04-01"}
    with pytest.raises(Problems, match=where[state]):
        house.propose(text(policy="other"))
    assert house.propose(text(policy="other", rule="another")).state == "examining"


def test_an_id_that_was_taken_meanwhile_keeps_a_proposal_from_being_confirmed(house: House) -> None:
    found = house.proposed()
    with house.store.write() as connection:
        activate_text(connection, "other", text(policy="other"), actor="x", via="cli", at=house.clock())
    with pytest.raises(DecisionRefused, match='the rule id "licence-known" is taken'):
        house.confirm(found)
    assert house.kinds()[-1] == "activation"
    assert list(house.now()) == ["other"]


def test_a_text_takes_force_on_the_day_that_it_names_and_the_one_before_stays_until_then(house: House) -> None:
    house.activated()
    later = text(severity="high", more="effective: {from: 2026-04-01}\nschedule: {timezone: Europe/London}\n")
    later = later.replace(
        "schedule: {timezone: Europe/London}", "schedule: {run: daily 06:00, timezone: Europe/London}"
    )
    house.activated(later)
    with house.store.read() as connection:
        (one,) = pending(connection, house.clock())
    assert one.effective_at.isoformat() == "2026-03-31T23:00:00+00:00"
    assert house.now() == {"release": text()}
    house.clock.now = one.effective_at - timedelta(minutes=1)
    assert house.now() == {"release": later}


def test_what_is_to_take_force_later_can_be_taken_back_by_the_text_in_force(house: House) -> None:
    house.activated()
    house.activated(text(severity="high", more="effective: {from: 2026-04-01}\n"))
    assert house.confirm(house.proposed(text())).state == "activated"
    with house.store.read() as connection:
        assert pending(connection, house.clock()) == []


def test_a_new_policy_that_is_yet_to_take_force_can_be_retired(house: House) -> None:
    house.activated(text(more="effective: {from: 2026-04-01}\n"))
    found = house.at_work.propose(None, "release", "U0ADA", "cli")
    assert found is not None
    found = house.at_work.examine(found.id)
    assert found.confirmations == 2, "it puts a critical rule aside"
    assert house.confirm(house.confirm(found), "U0OTIS").state == "activated"
    house.clock.now += timedelta(days=60)
    assert house.now() == {}


def test_a_text_in_force_that_can_not_be_read_any_more_can_be_replaced_by_two(house: House) -> None:
    house.activated(text(severity="high"))
    with house.store.write() as connection:
        activate_text(connection, "release", "cratecheck: 7\n", actor="x", via="cli", at=house.clock())
    found = house.proposed()
    assert found.preview is not None
    assert any("can't be read by this program" in one for one in found.preview["loosening"])
    assert house.confirm(house.confirm(found), "U0OTIS").state == "activated"
    assert house.now() == {"release": text()}


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("table", ["policy_answer", "ledger", "policy_activation", "policy_proposal"])
def test_a_crash_while_it_is_confirmed_activates_nothing(house: House, table: str) -> None:
    found = house.proposed()

    def kill(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith((f"INSERT INTO {table}", f"UPDATE {table}")):
            raise Killed

    event.listen(house.store.engine, "after_cursor_execute", kill)
    with pytest.raises(Killed):
        house.confirm(found)
    event.remove(house.store.engine, "after_cursor_execute", kill)
    assert house.now() == {}
    assert house.at_work.named(found.short) == found
    assert house.confirm(found).state == "activated"
    assert verify(house.store).holds


def test_what_a_crash_left_to_be_examined_is_found_and_examined(house: House) -> None:
    found = house.propose()
    (left,) = house.another().waiting()
    assert left.id == found.id
    assert house.another().examine(left.id).state == "proposed"
    assert house.at_work.waiting() == []


def messages(house: House) -> list[tuple[str, str, int]]:
    with house.store.read() as connection:
        rows = connection.execute(select(outbox.c.channel, outbox.c.subject, outbox.c.asked).order_by(outbox.c.id))
        return [(row.channel, row.subject, row.asked) for row in rows]


def test_slack_is_told_when_it_was_examined_and_at_each_step_after(house: House) -> None:
    found = house.propose()
    assert messages(house) == []
    house.at_work.examine(found.id)
    assert ("data-audit", f"proposal/{found.id}", 1) in messages(house)
    house.confirm(found)
    assert ("data-audit", f"proposal/{found.id}", 2) in messages(house)


def test_what_is_overtaken_says_so_in_its_message(house: House) -> None:
    first, second = house.proposed(person="U0OTIS"), house.proposed(text(severity="high"))
    house.confirm(second)
    assert ("data-audit", f"proposal/{first.id}", 2) in messages(house)


def test_a_long_examination_keeps_no_one_from_writing(house: House) -> None:
    found = house.propose()
    free: list[bool] = []

    def progress(_done: int, _total: int | None) -> None:
        with house.store.write(patience_s=0.1):
            free.append(True)

    plant(house.store, "songs", [{"key": "a"}])
    house.at_work.examine(found.id, progress=progress)
    assert free


def test_a_proposal_is_named_by_the_first_digits_of_its_id(house: House) -> None:
    found = house.proposed()
    assert house.at_work.named(found.short) == found
    for digits, said in (("zz", "is no proposal. Choose from: "), (found.id[:3], "is no proposal")):
        with pytest.raises(DecisionRefused, match=said):
            house.at_work.named(digits)


def test_an_activation_that_was_slipped_in_is_found(house: House) -> None:
    house.activated()
    with house.store.write() as connection:
        connection.execute(update(policy_activations).values(person="U0ADA"))
    assert str(verify(house.store).broken).startswith("activation 4 of policy release does not match")


def test_texts_that_were_only_proposed_are_kept(house: House) -> None:
    found = house.proposed(text(severity="high"))
    with house.store.read() as connection:
        kept = connection.scalar(select(policy_texts.c.text).where(policy_texts.c.sha256 == found.sha256))
        assert connection.scalar(select(func.count()).select_from(policy_activations)) == 0
    assert kept == text(severity="high")
    assert found.sha256 == text_sha256(text(severity="high"))


def test_an_answer_that_was_slipped_in_activates_nothing(house: House) -> None:
    house.activated()
    found = house.proposed(text(severity="low"))
    assert found.confirmations == 2
    with house.store.write() as connection:  # of an entry that is of another kind
        values = {"proposal_id": found.id, "person": "U0OTIS", "answer": "confirm", "via": "cli"}
        connection.execute(insert(policy_answers).values(**values, seq=1, at=house.clock(), reason=""))
    with pytest.raises(LedgerBroken, match="vouches for the answer of U0OTIS"):
        house.confirm(found)
    assert "severity: critical" in house.now()["release"]


def test_an_altered_text_is_not_confirmed(house: House) -> None:
    found = house.proposed()
    with house.store.write() as connection:
        connection.execute(update(policy_texts).values(text=text(severity="low")))
    with pytest.raises(LedgerBroken, match="was altered"):
        house.confirm(found)


def test_a_former_id_that_no_rule_ever_had_is_refused(house: House) -> None:
    house.activated()
    renamed = text().replace("id: licence-known", "id: licensed\n    formerly: {was}")
    with pytest.raises(Problems, match='ever called "licence-knwn".*Did you mean "licence-known"'):
        house.propose(renamed.replace("{was}", "licence-knwn"))
    assert house.proposed(renamed.replace("{was}", "licence-known")).state == "proposed"


def test_a_new_policy_may_bring_former_ids_from_elsewhere(house: House) -> None:
    assert house.proposed(text().replace("id: licence-known", "id: licensed\n    formerly: x-was")).state == "proposed"
