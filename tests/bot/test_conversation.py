"""From a run to a thread, from a click to a decision, and back into the thread."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from audit_core.catalogue.store import Store
from audit_core.ledger.policies import retire
from audit_core.ledger.tables import decisions, findings, policy_activations, policy_texts, violations
from tests.support.conversation import House, Unhurried, activate, failing, house, policy_text
from tests.support.ledger import key_of


def said(message: dict[str, Any]) -> str:
    """All text of a message's or view's blocks."""

    def texts(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["text"]] if isinstance(node.get("text"), str) else []
            return own + [text for child in node.values() for text in texts(child)]
        return [text for child in node for text in texts(child)] if isinstance(node, list) else []

    return "".join(texts(message["blocks"]))


def buttons(message: dict[str, Any]) -> list[str]:
    return [element["action_id"] for block in message["blocks"] if block["type"] == "actions"
            for element in block["elements"] if element["type"] == "button"]  # fmt: skip


def decided(house: House) -> int:
    with house.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(decisions)).scalar_one())


def test_a_run_posts_one_parent_and_its_violations_in_the_thread(house: House) -> None:
    house.audit(*failing("a", "b"))
    (parent,) = house.parents()
    assert "licence-known in train" in said(parent)
    assert "2 open" in said(parent)
    (reply,) = house.thread()
    assert "a has no licence." in said(reply)
    assert "b has no licence." in said(reply)
    assert buttons(reply) == ["decide:approve", "decide:quarantine", "decide:waive"] * 2


def test_a_run_that_finds_the_same_says_nothing_new(house: House) -> None:
    house.audit(*failing("a"))
    before = house.desk.messages(house.channel), house.thread()
    house.audit(*failing("a"))
    assert (house.desk.messages(house.channel), house.thread()) == before


def test_a_new_run_edits_the_parent_and_posts_only_what_is_new(house: House) -> None:
    house.audit(*failing("a"))
    house.audit(*failing("a", "b"))
    (parent,) = house.parents()
    assert "2 open" in said(parent)
    first, second = house.thread()
    assert "a has no licence." in said(first)
    assert "b has no licence." in said(second)
    assert "a has no licence." not in said(second)


def test_what_an_audit_resolves_loses_its_buttons_and_says_so(house: House) -> None:
    house.audit(*failing("a", "b"))
    house.audit(*failing("b"))
    (reply,) = house.thread()
    assert "Resolved: the evidence now passes." in said(reply)
    assert len(buttons(reply)) == 3
    assert "1 open · 1 resolved" in said(house.parents()[0])


def test_what_comes_back_is_posted_again_with_a_count(house: House) -> None:
    house.audit(*failing("a"))
    house.audit()
    house.audit(*failing("a"))
    first, second = house.thread()
    assert "Open again (1 time)." in said(second)
    assert "Open again (1 time)." in said(first)
    assert "1 open" in said(house.parents()[0])


def test_at_most_so_many_messages_are_posted_and_the_rest_is_counted(store: Store, tmp_path: Path) -> None:
    with house(store, tmp_path, policy=policy_text(post_at_most=2)) as home:
        home.audit(*failing(*(f"{number:03}" for number in range(132))))
        first, second = home.thread()
        assert len(buttons(first)) == 30
        assert "And 112 more: open Review above." in said(second)


def test_an_approval_asks_why_is_committed_and_told_everywhere(house: House) -> None:
    house.audit(*failing("a", "b"))
    house.form("nina", "approve", key_of("a"))
    assert house.desk.user("nina").submit(values={"reason": "a *signed* <licence> came"}).ok
    assert house.state(key_of("a")) == "approved"
    house.sent()
    (reply,) = house.thread()
    assert "Approved by Nina Simon, " in said(reply)
    assert "a *signed* <licence> came" in said(reply)
    assert len(buttons(reply)) == 3
    assert "1 open · 1 approved" in said(house.parents()[0])
    (whisper,) = house.desk.wait_for(lambda: house.whispers("nina"))
    assert whisper.startswith("You approved: a has no licence. It stands in the ledger as entry ")


def test_a_waiver_takes_reason_evidence_and_an_end_within_the_policy(house: House) -> None:
    house.audit(*failing("a"))
    form = house.form("otis", "waive", key_of("a"))
    longest = (house.clock().date()).replace(year=house.clock().year + 1).isoformat()
    otis = house.desk.user("otis")
    good = {"reason": "a letter is on its way", "evidence_url": "https://x.example/1"}
    refused = otis.submit(values={**good, "until": longest})
    assert "longer than the policy allows" in refused.mistakes["until"]
    refused = otis.submit(values={**good, "evidence_url": "javascript:alert(1)"})
    assert "The evidence is no link" in refused.mistakes["evidence_url"]
    refused = otis.submit(values={**good, "evidence_url": "https://drive.example/My File.pdf"})
    assert "has no space in it" in refused.mistakes["evidence_url"]
    assert otis.view is not None
    assert otis.view["id"] == form["id"]
    assert otis.submit(values=good).ok
    assert house.state(key_of("a")) == "waived"
    house.sent()
    assert "by Otis Grand" in said(house.thread()[0])
    assert "Waived until" in said(house.thread()[0])


def test_a_waiver_without_the_evidence_that_the_policy_asks_for_is_not_sent(house: House) -> None:
    house.audit(*failing("a"))
    house.form("otis", "waive", key_of("a"))
    assert "evidence_url" in house.desk.user("otis").submit(values={"reason": "so"}).mistakes
    assert decided(house) == 0


def test_a_quarantine_lists_what_it_takes_out_and_can_be_released(house: House) -> None:
    house.audit(*failing("a", "b"))
    form = house.form("nina", "quarantine", key_of("a"))
    assert "Takes out 1 track: a" in said(form)
    assert house.desk.user("nina").submit(values={"reason": "no licence was ever found"}).ok
    assert house.state(key_of("a")) == "quarantined"
    house.sent()
    (reply,) = house.thread()
    assert "decide:release" in buttons(reply)
    assert "1 track is out." in house.desk.wait_for(lambda: house.whispers("nina"))[0]
    form = house.form("otis", "release", key_of("a"))
    assert "Brings back 1 track: a" in said(form)
    assert house.desk.user("otis").submit(values={"reason": "it was found"}).ok
    assert house.state(key_of("a")) == "open"


def test_who_is_no_reviewer_is_refused_privately(house: House) -> None:
    house.audit(*failing("a"))
    (reply,) = house.thread()
    assert house.desk.user("mallory").click(reply["ts"], "decide:approve", block_id=key_of("a")).ok
    (whisper,) = house.desk.wait_for(lambda: house.whispers("mallory"))
    assert whisper == "Mallory Moor has no say in this. The policy names @data-legal as reviewers."
    assert house.desk.user("mallory").view is None
    assert house.whispers("nina") == []


def test_a_click_on_an_older_state_is_told_what_happened_meanwhile(house: House) -> None:
    house.audit(*failing("a"))
    (stale,) = house.thread()
    house.form("nina", "approve", key_of("a"))
    assert house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    house.sent()
    # Otis' screen still shows the buttons: the edit has not reached it.
    house.desk.store.messages.replace(house.desk.conversation(house.channel).id, stale["ts"], stale)
    assert house.desk.user("otis").click(stale["ts"], "decide:approve", block_id=key_of("a")).ok
    (whisper,) = house.desk.wait_for(lambda: house.whispers("otis"))
    assert whisper.startswith("Nina Simon approved this violation at ")
    assert decided(house) == 1


def test_a_form_that_was_overtaken_changes_nothing_and_says_so(house: House) -> None:
    house.audit(*failing("a"))
    house.form("nina", "approve", key_of("a"))
    house.form("otis", "waive", key_of("a"))
    assert house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    assert house.desk.user("otis").submit(values={"reason": "so", "evidence_url": "https://x.example/1"}).ok
    assert "Nina Simon approved this violation" in said(house.opened("otis", "notice"))
    assert decided(house) == 1


def test_an_audit_beats_a_late_click(house: House) -> None:
    house.audit(*failing("a", "b"))
    house.form("nina", "approve", key_of("a"))
    house.audit(*failing("b"))
    assert house.desk.user("nina").submit(values={"reason": "it is in the contract"}).ok
    assert "this violation is resolved" in said(house.opened("nina", "notice")).casefold()
    assert decided(house) == 0


def test_a_click_on_a_violation_that_is_gone_is_answered(house: House) -> None:
    house.audit(*failing("a"))
    (reply,) = house.thread()
    with house.store.write() as connection:
        for table in (findings, violations):
            connection.execute(delete(table).where(table.c.key == key_of("a")))
    assert house.desk.user("nina").click(reply["ts"], "decide:approve", block_id=key_of("a")).ok
    assert house.desk.wait_for(lambda: house.whispers("nina")) == [
        "This violation is no longer there. Nothing is left to decide."
    ]


def test_review_pages_through_all_of_them_and_filters_by_state(house: House) -> None:
    house.audit(*failing(*(f"{number:03}" for number in range(23))))
    (parent,) = house.parents()
    nina = house.desk.user("nina")
    assert nina.click(parent["ts"], "review").ok
    first = house.opened("nina", "review")
    assert "Page 1 of 3" in said(first)
    assert "000 has no licence." in said(first)
    assert nina.act("review:next").ok
    house.desk.wait_for(lambda: "Page 2 of 3" in said(nina.view or {"blocks": []}))
    assert "010 has no licence." in said(nina.view or {})
    assert nina.act("review:state", "resolved").ok
    house.desk.wait_for(lambda: "Nothing is resolved." in said(nina.view or {"blocks": []}))
    assert "Nothing is resolved." in said(nina.view or {})


def test_a_decision_in_review_comes_back_to_the_page_it_came_from(house: House) -> None:
    house.audit(*failing("a", "b"))
    nina = house.desk.user("nina")
    nina.click(house.parents()[0]["ts"], "review")
    house.opened("nina", "review")
    assert nina.act("decide:approve", block_id=key_of("a")).ok
    house.opened("nina", "decision")
    assert nina.submit(values={"reason": "it is in the contract"}).ok
    house.opened("nina", "review")
    assert house.desk.wait_for(lambda: "a has no licence." not in said(nina.view or {"blocks": []}))
    assert "1 open · 1 approved" in said(nina.view or {})
    house.sent()
    assert "1 open · 1 approved" in said(house.parents()[0])


def test_a_form_that_was_overtaken_leaves_no_stale_review_behind(house: House) -> None:
    house.audit(*failing("a", "b"))
    nina = house.desk.user("nina")
    nina.click(house.parents()[0]["ts"], "review")
    house.opened("nina", "review")
    assert nina.act("decide:approve", block_id=key_of("a")).ok
    house.opened("nina", "decision")
    house.form("otis", "approve", key_of("a"))
    assert house.desk.user("otis").submit(values={"reason": "it is in the contract"}).ok
    assert nina.submit(values={"reason": "so"}).ok
    nina.close(house.opened("nina", "notice")["id"])
    assert house.desk.wait_for(lambda: "1 open · 1 approved" in said(nina.view or {"blocks": []}))


def test_a_stale_click_in_the_review_is_told_and_brings_the_review_up_to_date(house: House) -> None:
    house.audit(*failing("a", "b"))
    nina = house.desk.user("nina")
    nina.click(house.parents()[0]["ts"], "review")
    house.opened("nina", "review")
    house.form("otis", "approve", key_of("a"))
    assert house.desk.user("otis").submit(values={"reason": "it is in the contract"}).ok
    assert nina.act("decide:approve", block_id=key_of("a")).ok
    notice = house.opened("nina", "notice")
    assert "Otis Grand approved this violation" in said(notice)
    nina.close(notice["id"])
    assert house.desk.wait_for(lambda: "1 open · 1 approved" in said(nina.view or {"blocks": []}))


def test_a_review_that_cannot_be_read_says_so(house: House) -> None:
    house.audit(*failing("a"))
    with house.store.write() as connection:
        connection.execute(insert(policy_texts).values(sha256="0" * 64, policy="release", text="from: a later version"))
        connection.execute(update(policy_activations).values(sha256="0" * 64))
    assert house.desk.user("nina").click(house.parents()[0]["ts"], "review").ok
    assert "release" in said(house.opened("nina", "notice"))


def test_a_policy_that_is_only_observed_posts_nothing(house: House) -> None:
    house.audit(*failing("a", mode="observe"))
    assert house.parents() == []


def test_a_rule_that_is_retired_says_so_in_its_parent(house: House) -> None:
    house.audit(*failing("a"))
    with house.store.write() as connection:
        retire(connection, "release", actor="ada", via="cli", at=house.clock())
    house.audit(retired=True)
    assert "This rule is no longer in force." in said(house.parents()[0])
    assert "Superseded" in said(house.thread()[0])


def respond_by(home: House) -> str:
    (parent,) = home.parents()
    clock = re.search(r"(Respond by|Overdue: .* by) \w+ \d+ \w+ \d{4}", said(parent))
    assert clock, said(parent)
    return clock[0]


def test_a_parent_says_overdue_when_the_day_has_passed_without_a_run(store: Store, tmp_path: Path) -> None:
    clock = Unhurried(datetime(2026, 11, 23, 9, tzinfo=UTC))
    with house(store, tmp_path, clock=clock) as home:
        home.audit(*failing("a"))
        assert respond_by(home) == "Respond by Thu 26 Nov 2026"
        clock.now += timedelta(days=10)
        home.sent()
        assert home.desk.wait_for(lambda: respond_by(home).startswith("Overdue"))


def test_evidence_that_changes_does_not_set_the_clock_back(store: Store, tmp_path: Path) -> None:
    clock = Unhurried(datetime(2026, 11, 2, 9, tzinfo=UTC))
    with house(store, tmp_path, clock=clock) as home:
        home.audit(*failing("a"))
        home.audit()
        clock.now += timedelta(days=1)
        home.audit(*failing("a"))
        assert respond_by(home) == "Respond by Fri 6 Nov 2026"
        clock.now += timedelta(days=14)
        home.audit(*failing("a", bound={"value": 2}))
        assert respond_by(home).startswith("Overdue: the oldest was to be answered by Fri 6 Nov 2026")


def test_a_release_sets_the_clock_anew(store: Store, tmp_path: Path) -> None:
    clock = Unhurried(datetime(2026, 11, 2, 9, tzinfo=UTC))
    with house(store, tmp_path, clock=clock) as home:
        for found_ in (failing("a"), [], failing("a")):
            home.audit(*found_)
        for days, verdict in ((1, "quarantine"), (7, "release")):
            clock.now += timedelta(days=days)
            home.form("nina", verdict, key_of("a"))
            assert home.desk.user("nina").submit(values={"reason": "so"}).ok
            home.sent()
        assert respond_by(home) == "Respond by Fri 13 Nov 2026"


def test_a_policy_that_moves_to_another_channel_takes_its_parent_along(house: House) -> None:
    house.audit(*failing("a"))
    text = policy_text().replace("#data-audit", "#elsewhere")
    activate(house.store, text, house.clock())
    house.audit(*failing("a", "b"))
    (parent,) = house.desk.messages("elsewhere")
    assert "2 open" in said(parent)
    _, reply = house.desk.thread("elsewhere", parent["ts"])
    assert "b has no licence." in said(reply)
