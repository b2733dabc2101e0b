"""From a click on Policy to a text in force: proposed by one, examined, and activated by another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit_core.catalogue.store import Store
from audit_core.ledger.policies import in_force
from audit_core.ledger.proposals import Proposal, proposals
from bot.desk import ApiFault
from bot.messages.policy_form import REASON
from bot.posting import client_for
from bot.proposing.activations import Activations
from bot.proposing.examiner import Examiner
from bot.proposing.fields import ADDED
from bot.roles import Roles
from bot.service import Service
from tests.bot.test_conversation import buttons, said
from tests.support.conversation import House, activate, failing, house, settings_for

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For what no database decides."""

POLICY = """\
cratecheck: 1
policy: release
title: Audio that may train a model
owner: legal@label.example
applies_to: {datasets: ["*"]}
review:
  channel: "#data-audit"
  reviewers: {group: "@data-legal"}
safety: {stop_if_over: 100 % of tracks}
rules:
  - id: licence-known
    kind: field
    severity: critical
    field: licence
    must: be_present
    examples:
      - {given: {licence: CC-BY-4.0}, expect: pass}
      - {given: {}, expect: fail}

  # Shorter ones teach a model nothing.
  - id: long-enough
    kind: field
    severity: high
    field: duration
    must: {be_at_least: 30 s}
    unknown: skip
    examples:
      - {given: {duration: 40 s}, expect: pass}
      - {given: {duration: 10 s}, expect: fail}
"""


@pytest.fixture(name="home")
def fixture_home(store: Store, tmp_path: Path) -> Iterator[House]:
    """A house in which two rules are in force, and a violation is posted."""
    with house(store, tmp_path, policy=POLICY) as home:
        home.audit(*failing("a"))
        yield home


def parent(home: House) -> dict[str, Any]:
    return next(message for message in home.parents() if "licence-known in train" in said(message))


def form(home: House, user: str) -> dict[str, Any]:
    """Click Policy, and give the form that opens."""
    assert home.desk.user(user).click(parent(home)["ts"], "policy").ok
    return home.opened(user, "policy")


def shown(view: dict[str, Any]) -> dict[str, str]:
    """What stands in the fields of a form."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    return {block["block_id"]: block["element"].get("initial_value", "") for block in inputs}


def propose(home: House, user: str, field: str, old: str, new: str) -> None:
    view = form(home, user)
    changed = shown(view)[field].replace(old, new)
    assert changed != shown(view)[field]
    outcome = home.desk.user(user).submit(values={field: changed, REASON: "so counsel says"})
    assert outcome.ok, outcome


def message(home: House) -> dict[str, Any]:
    """The newest proposal's message, as soon as it is there."""

    def there() -> dict[str, Any] | None:
        home.sent()
        found = [one for one in home.parents() if "the policy release" in one["text"]]
        return found[-1] if len(found) == len(known(home)) else None

    found = home.desk.wait_for(there, timeout_s=30.0)
    assert found is not None
    return found


def known(home: House) -> list[Proposal]:
    with home.store.read() as connection:
        return proposals(connection, home.clock(), is_open=False)


def text_in_force(home: House) -> str:
    with home.store.read() as connection:
        return in_force(connection, home.clock())["release"].text


def answer(home: House, user: str, action: str, **values: str) -> None:
    """Click a button of the proposal, and submit the form that opens."""
    assert home.desk.user(user).click(message(home)["ts"], f"proposal:{action}").ok
    home.opened(user, "proposal")
    assert home.desk.user(user).submit(values=values).ok


def test_an_edit_is_proposed_examined_and_activated_by_somebody_else(home: House) -> None:
    view = form(home, "nina")
    assert "licence-known: Every track must state its licence; a violation is critical" in said(view)
    assert list(shown(view)) == ["rule-0", "head", "rule-1", ADDED, REASON]
    changed = shown(view)["rule-1"].replace("30 s", "60 s").replace("40 s", "70 s")
    assert home.desk.user("nina").submit(values={"rule-1": changed, REASON: "a <b> & *c*"}).ok
    posted = message(home)
    assert "Nina Simon wants to change Audio that may train a model.\nWhy: a <b> & *c*" in said(posted)
    assert "Waits for @data-legal to confirm it." in said(posted)
    (difference,) = home.desk.thread(home.channel, posted["ts"])[1:]
    assert "-    must: {be_at_least: 30 s}\n+    must: {be_at_least: 60 s}" in said(difference)
    answer(home, "otis", "confirm")
    expected = POLICY.replace("30 s", "60 s").replace("40 s", "70 s")
    assert text_in_force(home) == expected
    activated = message(home)
    assert activated["ts"] == posted["ts"]
    assert "Confirmed by Otis Grand" in said(activated)
    assert "Activated: audits apply it from" in said(activated)
    assert buttons(activated) == []
    whispers = home.desk.wait_for(lambda: home.whispers("otis"))
    assert whispers == ["You activated the proposal: release is in force."]
    assert home.whispers("nina")[0].startswith("Your proposal for release is being examined.")


def test_a_critical_rule_is_loosened_by_two_who_did_not_propose_it(home: House) -> None:
    propose(home, "mallory", "rule-0", "critical", "high")
    assert "It loosens critical rules: two people have to confirm it." in said(message(home))
    answer(home, "nina", "confirm")
    assert text_in_force(home) == POLICY
    assert "(1 of 2 have)" in said(message(home))
    assert home.desk.user("nina").click(message(home)["ts"], "proposal:confirm").ok
    whispers = home.desk.wait_for(lambda: home.whispers("nina")[1:])
    assert whispers == ["Nina Simon has confirmed this already. It waits for somebody else."]
    answer(home, "otis", "confirm")
    assert "severity: critical" not in text_in_force(home)
    assert "Confirmed by Nina Simon" in said(message(home))
    assert "Confirmed by Otis Grand" in said(message(home))


@on_sqlite
def test_a_loosening_that_too_few_may_confirm_says_so(home: House) -> None:
    propose(home, "nina", "rule-0", "critical", "high")
    assert "2 people would have to confirm it, and 1 may: name more in cratecheck.toml" in said(message(home))


@on_sqlite
def test_a_form_that_somebody_overtook_shows_what_follows_now(home: House) -> None:
    propose(home, "mallory", "rule-0", "critical", "high")
    assert home.desk.user("otis").click(message(home)["ts"], "proposal:confirm").ok
    assert "after you, 1 other person must confirm it" in said(home.opened("otis", "proposal"))
    answer(home, "nina", "confirm")
    assert home.desk.user("otis").submit().ok
    assert text_in_force(home) == POLICY
    assert "Audits apply it at once" in said(home.opened("otis", "proposal"))
    assert home.desk.user("otis").submit().ok
    assert text_in_force(home) != POLICY


@on_sqlite
def test_a_rejection_needs_a_reason_and_says_it(home: House) -> None:
    propose(home, "nina", "rule-1", "high", "low")
    assert home.desk.user("otis").click(message(home)["ts"], "proposal:reject").ok
    home.opened("otis", "proposal")
    assert "required" in home.desk.user("otis").submit().mistakes["reason"]
    assert "Say why" in home.desk.user("otis").submit(values={"reason": "  \n "}).mistakes["reason"]
    assert home.desk.user("otis").submit(values={"reason": "not <!here>"}).ok
    assert "Rejected by Otis Grand" in said(message(home))
    assert ": not <!here>" in said(message(home))
    assert buttons(message(home)) == []
    assert text_in_force(home) == POLICY


@on_sqlite
def test_the_proposer_can_not_activate_and_withdraws_in_place_of_rejecting(home: House) -> None:
    propose(home, "nina", "rule-1", "high", "low")
    assert home.desk.user("nina").click(message(home)["ts"], "proposal:confirm").ok
    (whisper,) = home.desk.wait_for(lambda: home.whispers("nina")[1:])
    assert whisper == "A proposal is confirmed by another person than proposed it. Ask somebody else who has a say."
    answer(home, "nina", "reject", reason="I was wrong")
    assert "Withdrawn by Nina Simon" in said(message(home))


@on_sqlite
def test_who_has_no_say_is_told_so_privately(home: House) -> None:
    propose(home, "nina", "rule-1", "high", "low")
    for action in ("confirm", "reject"):
        assert home.desk.user("mallory").click(message(home)["ts"], f"proposal:{action}").ok
    whispers = home.desk.wait_for(lambda: home.whispers("mallory") if len(home.whispers("mallory")) == 2 else [])
    assert whispers == ["Mallory Moor has no say in this. The policy names @data-legal."] * 2
    assert home.desk.user("mallory").view is None


@on_sqlite
def test_a_click_on_what_was_decided_meanwhile_is_told_what_happened(home: House) -> None:
    propose(home, "mallory", "rule-1", "high", "low")
    stale = message(home)
    assert home.desk.user("otis").click(stale["ts"], "proposal:confirm").ok
    home.opened("otis", "proposal")
    answer(home, "nina", "reject", reason="too low")
    home.sent()
    home.desk.store.messages.replace(home.desk.conversation(home.channel).id, stale["ts"], stale)
    assert home.desk.user("otis").submit().ok
    assert "was rejected by Nina Simon on" in said(home.opened("otis", "notice"))
    assert home.desk.user("otis").click(stale["ts"], "proposal:confirm").ok
    (whisper,) = home.desk.wait_for(lambda: home.whispers("otis"))
    assert "was rejected by Nina Simon on" in whisper
    assert text_in_force(home) == POLICY


@on_sqlite
def test_mistakes_are_shown_at_their_fields_and_nothing_is_lost(home: House) -> None:
    view = form(home, "nina")
    fields = shown(view)
    mistaken = {
        "head": fields["head"].replace("title", "titel"),
        "rule-1": fields["rule-1"].replace("high", "hihg").replace("duration\n", "duratoin\n"),
        ADDED: "- id: licence-known\n  kind: nothing",
        REASON: "so",
    }
    mistakes = home.desk.user("nina").submit(values=mistaken).mistakes
    assert mistakes["head"].startswith("Line 3, “titel: Audio that may train a model”: ")
    assert "Line 4, “severity: hihg”: " in mistakes["rule-1"]
    assert 'Did you mean "duration"?' in mistakes["rule-1"]
    assert "Line 2, “kind: nothing”: " in mistakes[ADDED]
    assert "It is used at line 1 of “Rule licence-known” already" in mistakes[ADDED]
    assert home.desk.user("nina").view == view
    assert known(home) == []


@on_sqlite
def test_what_can_not_be_proposed_says_why(home: House) -> None:
    form(home, "nina")
    other = POLICY.partition("rules:")[0].replace("release", "other") + "rules:"
    for values, field, words in (
        ({}, REASON, "Nothing is changed"),
        ({"rule-1": "", REASON: " \n"}, REASON, "A change needs a reason"),
        ({"rule-0": "", "rule-1": ""}, "head", "rules"),
        ({"head": other}, REASON, "An edit keeps the id"),
        ({"rule-1": "\t- id: x"}, "rule-1", "a tab"),
        ({"head": "x: y"}, "rule-0", "further than line 1 of “What holds for all rules”"),
        ({ADDED: "- &a [*a]"}, ADDED, "an alias"),
    ):
        assert words in home.desk.user("nina").submit(values={REASON: "so", **values}).mistakes[field]
    assert known(home) == []


@on_sqlite
def test_a_rule_whose_field_is_emptied_is_proposed_to_go(home: House) -> None:
    form(home, "nina")
    assert home.desk.user("nina").submit(values={"rule-1": "", REASON: "so"}).ok
    assert "-  - id: long-enough" in said(home.desk.thread(home.channel, message(home)["ts"])[1])


@on_sqlite
def test_a_text_that_is_no_longer_in_force_is_told_and_what_was_written_stays(home: House) -> None:
    view = form(home, "nina")
    activate(home.store, POLICY.replace("40 s", "41 s"), home.clock())
    changed = shown(view)["rule-1"].replace("30 s", "20 s")
    mistakes = home.desk.user("nina").submit(values={"rule-1": changed, REASON: "so"}).mistakes
    assert mistakes[REASON].startswith("Another text was put in force since this form was opened.")
    assert home.desk.user("nina").view == view
    assert known(home) == []


@on_sqlite
def test_examples_that_fail_refuse_a_proposal_and_its_proposer_alone_is_told(home: House) -> None:
    propose(home, "nina", "rule-1", "30 s", "60 s")
    whispers = home.desk.wait_for(lambda: home.whispers("nina")[1:], timeout_s=30.0)
    assert whispers[0].startswith("Your proposal for release is refused.")
    assert "Rule long-enough: given duration: 40 s: expected pass, got fail" in whispers[0]
    assert ".." not in whispers[0]
    assert "cratecheck policy test" not in whispers[0]  # nobody types it in Slack
    assert [one.state for one in known(home)] == ["refused"]
    assert not [one for one in home.parents() if "the policy release" in one["text"]]
    assert home.whispers("otis") == []


@on_sqlite
def test_that_a_proposal_is_refused_can_not_be_told_and_the_next_is_examined(home: House, tmp_path: Path) -> None:
    home.service._examiner.stop()
    propose(home, "nina", "rule-1", "30 s", "60 s")
    propose(home, "otis", "rule-1", "high", "low")
    home.desk.wait_for(lambda: home.whispers("otis"))
    home.desk.arm(ApiFault("error", method="chat.postEphemeral", error="user_not_in_channel"))
    with Service(settings_for(tmp_path), home.store, home.desk, clock=home.clock, pace_s=0.0):
        home.desk.wait_for(lambda: [one.state for one in known(home)] == ["refused", "proposed"], timeout_s=30.0)


@on_sqlite
@pytest.mark.parametrize(("licences", "why"), [("gone.yaml", "gone.yaml"), ("a\0b", "Something went wrong here")])
def test_what_can_never_be_examined_is_refused_and_holds_up_nothing(
    home: House, tmp_path: Path, licences: str, why: str
) -> None:
    home.service._examiner.stop()
    propose(home, "nina", "rule-1", "high", "low")
    settings = settings_for(tmp_path, licences=tmp_path / licences)
    activations = Activations(home.store, Roles(settings.groups, settings.people), settings, clock=home.clock)
    client = client_for(home.desk.config.bot_token, f"{home.desk.url}/api/")
    examiner = Examiner(home.store, activations, client, clock=home.clock, rests_s=0.05)
    examiner.start()
    try:
        told = home.desk.wait_for(lambda: home.whispers("nina")[1:], timeout_s=10.0)
    finally:
        examiner.stop()
    assert told[0].startswith("Your proposal for release is refused.")
    assert why in told[0]
    assert [one.state for one in known(home)] == ["refused"]


def test_a_proposal_outlives_the_service_and_is_examined_by_the_next(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, policy=POLICY) as home:
        home.audit(*failing("a"))
        home.service._examiner.stop()
        propose(home, "nina", "rule-1", "high", "low")
        assert [one.state for one in known(home)] == ["examining"]
        home.service.stop()
        with Service(settings_for(tmp_path), store, home.desk, clock=home.clock, pace_s=0.0) as service:
            home.service = service
            assert "Nina Simon wants to change" in said(message(home))
            assert [one.state for one in known(home)] == ["proposed"]


@on_sqlite
def test_a_proposal_that_nobody_confirms_lapses_and_its_message_says_so(home: House) -> None:
    propose(home, "nina", "rule-1", "high", "low")
    posted = message(home)
    home.clock.now += timedelta(days=3, minutes=1)
    lapsed = home.desk.wait_for(lambda: "Lapsed: " in said(message(home)), timeout_s=10.0)
    assert lapsed
    home.desk.store.messages.replace(home.desk.conversation(home.channel).id, posted["ts"], posted)
    assert home.desk.user("otis").click(posted["ts"], "proposal:confirm").ok
    (whisper,) = home.desk.wait_for(lambda: home.whispers("otis"))
    assert "lapsed on" in whisper
    assert text_in_force(home) == POLICY


@on_sqlite
def test_a_proposal_on_top_of_a_text_that_was_replaced_is_overtaken(home: House) -> None:
    propose(home, "nina", "rule-1", "high", "low")
    message(home)
    propose(home, "mallory", "rule-1", "40 s", "50 s")
    answer(home, "otis", "confirm")

    def overtaken() -> bool:
        home.sent()
        return any("Overtaken: " in said(one) and not buttons(one) for one in home.parents())

    assert home.desk.wait_for(overtaken)
    assert "50 s" in text_in_force(home)


@on_sqlite
def test_a_form_with_metadata_of_something_else_proposes_nothing_of_it(home: House) -> None:
    for forged in ({"policy": "other"}, {"base": "0" * 64}, {"base": None}):
        view = form(home, "nina")
        metadata = json.dumps({**json.loads(view["private_metadata"]), **forged})
        home.desk.store.views.update(view, {**view, "private_metadata": metadata})
        changed = shown(view)["rule-1"].replace("high", "low")
        assert REASON in home.desk.user("nina").submit(values={"rule-1": changed, REASON: "so"}).mistakes
    assert known(home) == []


@on_sqlite
def test_what_the_command_line_proposes_is_answered_in_slack(home: House, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    activations = Activations(home.store, Roles(settings.groups, settings.people), settings, clock=home.clock)
    new = POLICY.replace("release", "second").replace("id: ", "id: second-").replace("#data-audit", "#elsewhere")
    activations.propose(new, None, "U0MALLORY", "cli", origin="policies/second.yaml", commit="4f2a9c1")
    activations.propose(None, "release", "U0MALLORY", "cli", reason="the model is done")

    def posted(channel: str, words: str) -> dict[str, Any] | None:
        home.sent()
        return next((one for one in home.desk.messages(channel) if words in said(one)), None)

    first = home.desk.wait_for(lambda: posted("elsewhere", "New policy: second"), timeout_s=20.0)
    assert first is not None
    assert "via cli from policies/second.yaml, commit 4f2a9c1" in said(first)
    assert "+" not in said(home.desk.thread("elsewhere", first["ts"])[1])
    second = home.desk.wait_for(lambda: posted("data-audit", "wants to retire"), timeout_s=20.0)
    assert second is not None
    assert len(home.desk.thread("data-audit", second["ts"])) == 1
    for one, user in ((first, "otis"), (second, "otis"), (second, "nina")):  # what was critical is gone: two
        assert home.desk.user(user).click(one["ts"], "proposal:confirm").ok
        home.opened(user, "proposal")
        assert home.desk.user(user).submit().ok
    with home.store.read() as connection:
        assert list(in_force(connection, home.clock())) == ["second"]
    assert "You activated the proposal: second is in force." in home.desk.wait_for(lambda: home.whispers("otis"))
    assert posted("data-audit", "Activated: the policy is out of force")


@on_sqlite
def test_a_form_that_lacks_fields_of_the_text_proposes_nothing(home: House) -> None:
    view = form(home, "nina")
    left = [block for block in view["blocks"] if block.get("block_id") != "rule-1"]
    home.desk.store.views.update(view, {**view, "blocks": left})
    outcome = home.desk.user("nina").submit(values={REASON: "so"})
    assert outcome.mistakes == {REASON: "This form lacks fields of the policy: click Policy again."}


@on_sqlite
def test_a_field_that_holds_more_than_a_form_does_proposes_nothing(home: House) -> None:
    view = form(home, "nina")
    forged = json.loads(json.dumps(view))
    for block in forged["blocks"]:
        if block.get("block_id") == "rule-1":
            block["element"]["max_length"] = 10**9
    home.desk.store.views.update(view, forged)
    outcome = home.desk.user("nina").submit(values={"rule-1": "#\n" * 20_000, REASON: "so"})
    assert outcome.mistakes == {"rule-1": "No field holds more than 3,000 characters."}
    assert known(home) == []


@on_sqlite
def test_an_answer_to_something_else_decides_nothing(home: House) -> None:
    propose(home, "mallory", "rule-1", "high", "low")
    reason = {"type": "input", "block_id": "reason", "label": {"type": "plain_text", "text": "Why?"},
              "element": {"type": "plain_text_input", "action_id": "reason"}}  # fmt: skip
    for forged in ({"proposal": "0" * 32}, {"seen": "activated/7"}, {"answer": "withdraw"}, {"answer": "steal"}):
        assert home.desk.user("nina").click(message(home)["ts"], "proposal:confirm").ok
        view = home.opened("nina", "proposal")
        metadata = json.dumps({**json.loads(view["private_metadata"]), **forged})
        changed = {**view, "private_metadata": metadata, "blocks": [*view["blocks"], reason]}
        home.desk.store.views.update(view, changed)
        home.desk.user("nina").submit(values={"reason": "so"})
    assert [one.state for one in known(home)] == ["proposed"]
