"""What a proposal's message, its difference and its forms say, and that Slack takes them whatever strangers wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit_core.errors import Location, PolicyError
from bot.desk.blocks import checked_blocks, checked_view
from bot.messages.difference import difference, difference_message
from bot.messages.kit import AT_MOST, Message
from bot.messages.policy_form import REASON, PolicyForm, mistakes_by_field, policy_view
from bot.messages.proposal import Asked, Card, Change, Step, proposal_message
from bot.messages.proposal_form import proposal_form_view
from bot.proposing.fields import ADDED, edited, fields_of
from rules.language.policy import Policy
from rules.language.reader import check_text
from tests.bot.test_messages import NASTY, STRANGE

THEN = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
CARD = Card(
    id="0123456789abcdef0123456789abcdef",
    policy="release",
    title="Audio that may train a model",
    kind="edit",
    state="proposed",
    mark="proposed/0",
    proposed=Step("U1", THEN, "the threshold was too low"),
    via="slack",
    approvers="@data-legal",
    confirmations=1,
    lapses_at=datetime(2026, 11, 25, 14, 5, tzinfo=UTC),
    sha256="a1" * 32,
    base_sha256="b2" * 32,
    changes=(
        Change("licence-known", "train", opens=12, opens_anyway=2, closes=3),
        Change("mood-agreement", "train", lapsing=1),
        Change("artist-known", "train", opens=4, opens_anyway=4),
    ),
    asked=(Asked("data-audit", 1, 2, ("Nina Simon", "Otis Grand")),),
)
PEOPLE = {"U1": "Ada Adams", "U2": "Nina Simon"}
LOOSENED = replace(CARD, confirmations=2, loosening=("licence-known closes 3 violations that it would keep.",))
HEAD = """\
cratecheck: 1
policy: release
title: Audio
owner: legal@label.example
applies_to: {datasets: ["*"]}
review: {channel: "#audit", reviewers: {people: [U001]}}
rules:
"""
RULE = "  - id: {id}\n    kind: field\n    severity: high\n    field: licence\n    must: be_present\n"


def policy_of(*ids: str, say: str = "") -> Policy:
    return check_text(HEAD + "".join(RULE.format(id=each) + say for each in ids), "policy")


def form(policy: Policy, **changed: Any) -> PolicyForm:
    ids = [rule.id for rule in policy.rules]
    values: dict[str, Any] = {
        "policy": policy.id,
        "title": policy.title,
        "rule": ids[-1],
        "explained": "Each track has a licence.",
        "ids": ids,
        "fields": fields_of(policy),
        "metadata": "{}",
    }
    return PolicyForm(**{**values, **changed})


def seen(message: Message) -> str:
    def texts(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["text"]] if isinstance(node.get("text"), str) else []
            return own + [text for child in node.values() for text in texts(child)]
        return [text for child in node for text in texts(child)] if isinstance(node, list | tuple) else []

    return "".join(texts(list(message.blocks)))


def inputs(view: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def test_a_proposal_says_who_wants_what_why_and_what_it_would_do() -> None:
    message = proposal_message(CARD, PEOPLE)
    said = seen(message)
    for part in (
        "Edit of the policy release",
        "Ada Adams wants to change Audio that may train a model.\nWhy: the threshold was too low",
        "It opens 10 and closes 3 violations; 1 waiver or approval would match no more.",
        "• licence-known in train: opens 12 (2 of them anyway) · closes 3",
        "• mood-agreement in train: 1 waiver or approval would match no more",
        "The next audit posts in #data-audit: 1 new thread and 2 messages in threads, for Nina Simon, Otis Grand",
        "Waits for @data-legal to confirm it.",
        "Proposal 01234567 · 22 Nov 2026, 14:05 UTC via slack · text a1a1a1a1a1a1 in place of b2b2b2b2b2b2",
    ):
        assert part in said
    assert "artist-known" not in said
    assert message.text.startswith("Edit of the policy release, proposed by Ada Adams. It opens 10 and closes 3")


def test_a_proposals_message_is_the_one_that_was_reviewed() -> None:
    message = proposal_message(LOOSENED, PEOPLE)
    built = {"text": message.text, "blocks": list(message.blocks)}
    frozen = Path(__file__).parents[2] / "golden" / "slack" / "proposal.json"
    assert built == json.loads(frozen.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "new", "base_sha256": None}, "New policy: release"),
        ({"kind": "retirement", "sha256": None}, "wants to retire Audio"),
        ({"loosening": ("It closes.",), "confirmations": 2}, "two people have to confirm it.\n• It closes."),
        ({"confirmations": 2, "confirmed": (Step("U2", THEN),)}, "Confirmed by Nina Simon, 22 Nov 2026, 14:05 UTC."),
        ({"confirmations": 2, "confirmed": (Step("U2", THEN),)}, "(1 of 2 have)"),
        ({"begins": THEN}, "\nIt comes into force 22 Nov 2026, 14:05 UTC."),
        ({"begins": THEN}, "From 22 Nov 2026, 14:05 UTC on, it opens 10 and closes 3 violations"),
        ({"begins": THEN}, "\nThe first audit from then on posts in #data-audit: 1 new thread"),
        ({"changes": (Change("a", "train", enforced=2),)}, "• a in train: enforces 2 that are only observed"),
        ({"judges_nothing": True}, "It would judge nothing: it applies to no track. It opens 10"),
        ({"confirmations": 2, "able": 1}, "2 people would have to confirm it, and 1 may: name more in cratecheck.toml"),
        ({"state": "activated", "confirmed": (Step("U2", THEN),)}, "Activated: audits apply this text."),
        ({"state": "activated", "begins": THEN}, "Activated: audits apply it from 22 Nov 2026, 14:05 UTC on."),
        ({"state": "activated", "kind": "retirement"}, "Activated: the policy is out of force"),
        ({"state": "rejected", "ended": Step("U2", THEN, "no")}, "Rejected by Nina Simon, 22 Nov 2026, 14:05 UTC: no"),
        ({"state": "withdrawn", "ended": Step("U1", THEN)}, "Withdrawn by Ada Adams, 22 Nov 2026, 14:05 UTC."),
        ({"state": "lapsed"}, "Lapsed: it was not confirmed within three days."),
        ({"state": "overtaken"}, "Overtaken: another text came into force meanwhile."),
        ({"changes": (Change("a", "d", stopped=True),)}, "so many fail that it stops listing and asks"),
        ({"changes": (Change("a", "d", result="error"),)}, "a in d: can't be evaluated"),
        ({"changes": (), "asked": ()}, "It opens and closes nothing."),
        ({"changes": (Change("a", "d", opens=1),), "asked": ()}, "It opens 1 violation."),
    ],
)
def test_a_proposal_says_what_became_of_it(changed: dict[str, Any], words: str) -> None:
    message = proposal_message(replace(CARD, **changed), PEOPLE)
    assert words in seen(message)
    assert any(block["type"] == "actions" for block in message.blocks) == ("state" not in changed)


@pytest.mark.parametrize("strange", STRANGE)
def test_slack_takes_every_proposal_whatever_strangers_wrote(strange: str) -> None:
    everything = replace(
        LOOSENED,
        policy="p" * 200,
        title=strange,
        proposed=Step(strange, THEN, strange),
        approvers=strange,
        origin=strange,
        commit=strange,
        confirmed=(Step(strange, THEN),) * 2,
        loosening=[strange] * 300,
        changes=[Change(f"rule-{n}", strange, opens=n + 1, lapsing=n, stopped=True) for n in range(400)],
        asked=[Asked(strange, 3, 400, (strange,) * 2)] * 40,
    )
    for state in ("proposed", "refused"):
        card = replace(everything, state=state, ended=Step(strange, THEN, strange), refused=strange)
        message = proposal_message(card, {})
        checked_blocks(json.loads(json.dumps(message.blocks)))
        assert len(json.dumps(message.blocks, ensure_ascii=False)) <= AT_MOST
    for word in ("confirm", "reject", "withdraw"):
        checked_view(json.loads(json.dumps(proposal_form_view(everything, word, "{}"))))
    message = difference_message(difference(strange, f"{strange}\n{strange}"), "a1" * 32, new=False)
    checked_blocks(json.loads(json.dumps(message.blocks)))
    explained = form(policy_of("one"), explained=strange, title=strange)
    checked_view(json.loads(json.dumps(policy_view(explained))))


def test_of_hundreds_of_rules_the_gravest_are_listed_and_the_others_counted() -> None:
    card = replace(CARD, changes=[Change(f"rule-{n:03}", "train", opens=n + 1) for n in range(300)])
    said = seen(proposal_message(card, PEOPLE))
    assert "rule-299 in train: opens 300" in said
    assert "rule-000" not in said
    assert "• … and 270 more" in said


def test_a_difference_shows_what_is_changed_as_it_is_written() -> None:
    lines = difference("a\n  b: <!channel>\nc\n", "a\n  b: <@U1> & `x`\nc\n")
    message = difference_message(lines, "a1" * 32, new=False)
    assert "-  b: <!channel>\n+  b: <@U1> & `x`" in seen(message)
    assert {element["type"] for element in message.blocks[0]["elements"]} == {"rich_text_preformatted"}


@pytest.mark.parametrize("line", ["x" * 30, '"\\' * 190, "", NASTY])
def test_a_long_difference_is_cut_at_a_line_end_and_says_how_to_read_the_rest(line: str) -> None:
    message = difference_message([f"{number}{line}" for number in range(4_000)], "a1" * 32, new=False)
    blocks = json.loads(json.dumps(message.blocks))
    checked_blocks(blocks)
    assert len(json.dumps(blocks, ensure_ascii=False)) <= AT_MOST
    *code, more = blocks
    shown = "\n".join(each["elements"][0]["text"] for each in code[0]["elements"]).split("\n")
    assert shown == [f"{number}{line}".rstrip() for number in range(len(shown))]
    rest = 4_000 - len(shown)
    assert more["elements"][0]["elements"][0]["text"] == (
        f"… and {rest:,} more lines: cratecheck policy show a1a1a1a1a1a1 --diff"
    )


def test_the_form_begins_with_the_rule_that_is_looked_at_and_ends_with_the_reason() -> None:
    view = policy_view(form(policy_of("one", "two", "three"), rule="two"))
    assert inputs(view) == ["rule-1", "head", "rule-0", "rule-2", ADDED, REASON]
    assert "Each track has a licence." in json.dumps(view)
    checked_view(view)


@pytest.mark.parametrize("rules", [96, 300])
def test_a_policy_that_has_no_room_in_a_form_is_read_there_and_edited_as_a_file(rules: int) -> None:
    view = policy_view(form(policy_of(*(f"rule-{number}" for number in range(rules)))))
    checked_view(view)
    assert inputs(view) == []
    assert "This policy is too long for a form in Slack" in json.dumps(view)


def test_a_policy_of_more_letters_than_slack_takes_is_edited_as_a_file() -> None:
    wide = policy_of(*(f"rule-{number}" for number in range(60)), say=f"    # {'語' * 1_200}\n")
    assert inputs(policy_view(form(wide))) == []


def test_each_mistake_is_shown_at_its_field_with_its_line_there() -> None:
    policy = policy_of("one", "two")
    answers = {field.name: field.shown for field in fields_of(policy)}
    now = edited(policy, {**answers, "rule-1": f"\n{answers['rule-1']}"})
    problems = [
        PolicyError('unknown severity "hihg"', at=Location("policy", 10, 15), mend='Did you mean "high"?'),
        PolicyError("no such field", at=Location("policy", 16, 5), mend="It is at policy:8:5, or in line 2."),
        PolicyError("nothing to judge"),
        PolicyError("elsewhere", at=Location("other", 9)),
    ]
    assert mistakes_by_field(problems, now, "policy", ["one", "two"]) == {
        "rule-0": 'Line 3, “severity: high”: unknown severity "hihg". Did you mean "high"?',
        "rule-1": "Line 5, “field: licence”: no such field. "
        "It is at line 1 of “Rule one”, or in line 2 of “What holds for all rules”.",
        REASON: "Nothing to judge.\nElsewhere.",
    }


def test_a_hundred_mistakes_of_a_field_are_as_many_as_slack_shows_and_a_number() -> None:
    policy = policy_of("one")
    now = edited(policy, {field.name: field.shown for field in fields_of(policy)})
    problems = [PolicyError("x" * 90, at=Location("policy", 9)) for _ in range(100)]
    (words,) = mistakes_by_field(problems, now, "policy", ["one"]).values()
    assert len(words) <= 2_000
    *shown, last = words.split("\n")
    assert last == f"And {100 - len(shown)} more mistakes here."
