"""What messages say, and that Slack takes them whatever strangers wrote."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.ledger.violations import STATES
from bot.desk.blocks import checked_blocks, checked_view
from bot.messages.decision_form import Form, form_view
from bot.messages.evidence import evidence_line
from bot.messages.items import Decided, Item, Items, item_blocks, items_message, packed
from bot.messages.kit import AT_MOST, Message, size
from bot.messages.notice import notice
from bot.messages.parent import Parent, parent_message
from bot.messages.review_modal import PAGE, Page, review_view
from bot.messages.text import fallback, plain, shortened
from bot.messages.when import day, moment

NASTY = "<!channel> *x* <http://evil|y> & <@U0123456> `rm` ~z~ :tada:"
HEBREW, ARABIC, FAMILY = "שלום עולם " * 400, "\u202eمرحبا\u202c" * 300, "👩‍👩‍👧‍👦" * 500
STRANGE = [NASTY, "x" * 3_000, HEBREW, ARABIC, FAMILY, "a\nb\tc\x00d\x1be", "\ud800", "", "   ", "\u200b\u2066\u2069"]

PARENT = Parent(
    subject="rule/release/licence-known/train",
    policy="release",
    rule="licence-known",
    dataset="train",
    severity="critical",
    says="Each track must have a licence.",
    owner="legal@label.example",
    reviewers="@data-legal",
    counts={"open": 3412, "quarantined": 1, "waived": 0},
    respond_by=date(2026, 11, 24),
)


def item(message: str = "a has no licence.", **changed: object) -> Item:
    values: dict[str, object] = {
        "key": "0123456789abcdef0123456789abcdef",
        "revision": 1,
        "state": "open",
        "message": message,
        "evidence": {"title": message, "artist": message},
        "allowed": ("approve", "quarantine", "waive"),
    }
    return Item(**{**values, **changed})  # type: ignore[arg-type]  # keys are the fields'


def seen(message: Message) -> list[str]:
    """All texts that a person sees, in order."""

    def texts(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["text"]] if isinstance(node.get("text"), str) else []
            return own + [text for child in node.values() for text in texts(child)]
        return [text for child in node for text in texts(child)] if isinstance(node, list | tuple) else []

    return texts(list(message.blocks))


def test_a_parent_tells_severity_rule_counts_clock_owner_and_reviewers() -> None:
    message = parent_message(PARENT)
    said = " ".join(seen(message))
    for part in ("licence-known in train", "Critical", "Each track must have a licence.", "3,412 open · 1 quarantined"):
        assert part in said
    assert "Respond by Tue 24 Nov 2026" in said
    assert "owner legal@label.example · reviewers @data-legal" in said
    assert message.text == "Critical: licence-known in train. 3,412 open · 1 quarantined."


def test_a_parent_past_its_day_says_overdue() -> None:
    overdue = Parent(**{**{name: getattr(PARENT, name) for name in PARENT.__slots__}, "overdue": True})
    assert "Overdue: the oldest was to be answered by Tue 24 Nov 2026" in " ".join(seen(parent_message(overdue)))


@pytest.mark.parametrize("text", STRANGE)
def test_slack_takes_every_message_whatever_strangers_wrote(text: str) -> None:
    decided = Decided("waive", text or "U1", datetime(2026, 1, 2, tzinfo=UTC), text, until=date(2026, 2, 3))
    ten = [
        item(text, key=f"{number:032x}", state="waived" if number % 2 else "open", decided=decided)
        for number in range(10)
    ]
    for message in (
        items_message(Items(ten, 112), {}),
        parent_message(Parent(**{**{name: getattr(PARENT, name) for name in PARENT.__slots__}, "says": text})),
        notice(text or "–"),
    ):
        blocks = json.loads(json.dumps(message.blocks))
        checked_blocks(blocks)
        assert len(json.dumps(blocks, ensure_ascii=False)) < 10_000
    page = Page("r", "d", text, "open", 0, {"open": 10_000}, ten, "{}")
    checked_view(json.loads(json.dumps(review_view(page, {}))))
    form = Form("quarantine", text, {"title": text}, "{}", targets=[text] * 10_000)
    checked_view(json.loads(json.dumps(form_view(form))))


_ITEMS = st.builds(
    Item,
    key=st.integers(0, 16**32 - 1).map(lambda number: f"{number:032x}"),
    revision=st.integers(1, 10**6),
    state=st.sampled_from(STATES),
    message=st.sampled_from([NASTY, '"' * 900, "👩‍👩‍👧‍👦" * 99]) | st.text(max_size=40),
    evidence=st.dictionaries(
        st.text(max_size=9), st.just('"' * 900) | st.text(max_size=9) | st.floats() | st.integers(), max_size=3
    ),
    reopened=st.integers(0, 10**6),
    decided=st.none()
    | st.builds(
        Decided,
        st.sampled_from(["approve", "quarantine", "waive", "release"]),
        st.text(min_size=1, max_size=200) | st.just("W" * 400),
        st.just(datetime(2026, 1, 2, tzinfo=UTC)),
        st.text(min_size=1) | st.just('"' * 3_000),
        until=st.none() | st.just(date(2026, 2, 3)),
        evidence_url=st.none() | st.integers(1, 1_900).map(lambda length: "https://x.example/" + "\\" * length),
    ),
    allowed=st.sampled_from([(), ("release",), ("approve", "quarantine", "waive", "release")]),
)


@given(st.lists(_ITEMS, min_size=1, max_size=10), st.integers(0, 10**6))
def test_ten_items_of_whatever_length_fit_into_a_message(items: list[Item], more: int) -> None:
    blocks = items_message(Items(items, more), {}).blocks
    assert len(json.dumps(blocks, ensure_ascii=False)) <= AT_MOST


@given(st.lists(_ITEMS, max_size=25))
def test_items_are_packed_in_order_at_most_ten_to_a_message_and_readable(items: list[Item]) -> None:
    messages = packed(items)
    assert [item for message in messages for item in message] == items
    assert all(0 < len(message) <= 10 for message in messages)
    for message in messages:
        assert sum(size(item_blocks(item, {}, 200, 200)) for item in message) <= AT_MOST


def test_a_long_sentence_is_not_cut_because_nine_others_are_long() -> None:
    items = [item("x" * 190, key=f"{number:032x}", evidence={"measured": "y" * 150}) for number in range(20)]
    first, *_ = packed(items)
    assert len(first) >= 9
    assert seen(items_message(Items(first, 11), {})).count("x" * 190) == len(first)


def test_a_long_link_is_left_to_the_review() -> None:
    url = "https://x.example/" + "u" * 1_400
    decided = Decided("waive", "U0NINA123", datetime(2026, 3, 2, tzinfo=UTC), "so", evidence_url=url)
    long = item(state="waived", decided=decided)
    assert "(evidence: in Review)" in "".join(seen(items_message(Items([long]), {})))
    assert url not in json.dumps(items_message(Items([long]), {}).blocks)
    assert url in json.dumps(review_view(Page("r", "d", "s", "waived", 0, {"waived": 1}, [long], "{}"), {}))


def test_a_title_can_neither_mention_nor_link_nor_format() -> None:
    message = items_message(Items([item(NASTY)]), {})
    assert NASTY in " ".join(seen(message))  # shown as it is
    kinds = {span["type"] for block in message.blocks if block["type"] == "rich_text"
             for section in block["elements"] for span in section["elements"]}  # fmt: skip
    assert kinds == {"text"}  # which Slack does not parse
    assert "mrkdwn" not in json.dumps(message.blocks)
    assert message.text.startswith("&lt;!channel&gt; *x* &lt;http://evil|y&gt; &amp; &lt;@U0123456&gt;")


@given(st.text())
def test_the_fallback_holds_no_markup_of_slack(text: str) -> None:
    assert not set("<>") & set(fallback(text))


@given(st.text(), st.integers(1, 400))
def test_plain_text_is_one_visible_line(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert line == line.strip()
    assert not any(letter in line for letter in "\n\r\x00\u202e\u2066\u2028")


def test_what_is_cut_off_is_counted() -> None:
    assert plain("x" * 3_000, 100) == f"{'x' * 100}… (2,900 characters more)"


def test_a_composed_character_is_not_cut_in_two() -> None:
    assert shortened("👩‍👩‍👧", 3).startswith("👩…") or shortened("👩‍👩‍👧", 3).startswith("…")


def test_a_thread_message_says_how_many_are_not_posted() -> None:
    assert "And 112 more: open Review above." in seen(items_message(Items([item()], 112), {}))


def test_a_decided_item_tells_who_what_when_and_why() -> None:
    decided = Decided("waive", "U0NINA123", datetime(2026, 3, 2, 9, 30, tzinfo=UTC), "contract is on its way",
                      until=date(2026, 4, 1), evidence_url="https://label.example/1")  # fmt: skip
    message = items_message(Items([item(state="waived", decided=decided, allowed=())]), {"U0NINA123": "Nina"})
    said = "".join(seen(message))
    assert "Waived until Wed 1 Apr 2026 by Nina, 2 Mar 2026, 09:30 UTC: contract is on its way" in said
    assert not any(block["type"] == "actions" for block in message.blocks)


def test_only_the_verdicts_that_the_rule_offers_have_a_button() -> None:
    message = items_message(Items([item(allowed=("approve",))]), {})
    (buttons,) = [block for block in message.blocks if block["type"] == "actions"]
    assert [(each["text"]["text"], each["value"]) for each in buttons["elements"]] == [("Approve", "1")]
    assert buttons["block_id"] == "0123456789abcdef0123456789abcdef"


def test_a_quarantine_lists_the_first_targets_and_counts_the_rest() -> None:
    view = form_view(Form("quarantine", "m", {}, "{}", targets=[f"t{number}" for number in range(12)]))
    assert "Takes out 12 tracks: " in json.dumps(view)
    assert "t0, t1, t2, t3, t4, t5, t6, t7 and 4 others" in json.dumps(view)


def test_a_waiver_asks_for_evidence_only_where_the_policy_does() -> None:
    def form(required: bool) -> Any:
        day_ = date(2026, 5, 1)
        asked = Form("waive", "m", {}, "{}", longest=day_, suggested=day_, evidence_required=required)
        return {block.get("block_id", ""): block for block in form_view(asked)["blocks"]}["evidence_url"]

    assert "optional" not in form(required=True)
    assert form(required=False)["optional"] is True


def test_a_review_of_ten_thousand_shows_pages_of_ten() -> None:
    items = [item(key=f"{number:032x}") for number in range(PAGE)]
    view = review_view(Page("r", "d", "s", "open", 3, {"open": 10_000}, items, "{}"), {})
    controls = {element["action_id"]: element.get("value") for block in view["blocks"]
                if block.get("block_id") == "page" for element in block["elements"]}  # fmt: skip
    assert controls == {"review:state": None, "review:back": "2", "review:next": "4"}
    assert "Page 4 of 1,000" in json.dumps(view)


def test_evidence_leaves_out_blanks_and_what_the_sentence_says() -> None:
    line = evidence_line({"licence": None, "rate": 0.12345, "other": "b", "tracks": [1, 2, 3, 4]}, "a holds b")
    assert line == "rate: 0.1235 · tracks: 1, 2, 3 and 1 other"


@pytest.mark.parametrize(
    ("value", "said", "shown"),
    [
        ("0 %", "100.00 % of the tracks are by one artist", True),
        ("0 %", "0 % may be by one artist", False),
        ("1 %", "1.5 % are, 0.1 % may be", True),
        ("5", "15 tracks, 5.5 s, 1.5 s", True),
        ("5", "there are 5.", False),
        ("Jo", "Joanna, Banjo and Mary-Jo", True),
        ("(x)", "this is (x)", False),
        ("train", "test and train share it", False),
    ],
)
def test_only_what_the_sentence_says_as_words_is_left_out_of_the_evidence(value: str, said: str, shown: bool) -> None:
    assert evidence_line({"at_most": value}, said) == (f"at most: {value}" if shown else "")


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        (
            {"field": "duration", "value": 25000, "must": {"be_at_least": "30 s", "be_at_most": "30 min"}},
            "must be at least 30 s, at most 30 min",
        ),
        ({"field": "licence", "value": None, "must": {"be_present": True}}, ""),
        (
            {
                "same": "excerpt",
                "packets": "9f" * 32,
                "to": [
                    {
                        "dataset": "crate",
                        "key": "test/041",
                        "packets": "1c" * 32,
                        "kind": "excerpt",
                        "score": 181.23,
                        "stretches": [
                            {"offset_a": 31.2, "offset_b": 3661, "overlap_s": 12.4, "tempo": 1.04, "pitch": -0.68},
                            {"offset_a": 0.0, "offset_b": 3.0, "overlap_s": 3.0, "tempo": 1.0, "pitch": 0.0},
                        ],
                    },
                    {"dataset": "crate", "key": "c"},
                ],
            },
            "crate/test/041: excerpt, 12.4 s from 0:31, there from 1:01:01, 4.0 % slower, 0.7 semitones lower, "
            "and 1 more stretch, score 181.2; crate/c",
        ),
        (
            {"to": [{"dataset": "a", "key": "b", "kind": "exact copy", "stretches": [{"overlap_s": 60.0}]}] * 5},
            "a/b: exact copy; a/b: exact copy; a/b: exact copy; and 2 others",
        ),
        (
            {"faults": [{"fault": "dead_channel", "measured": "1 of 2", "limit": None, "path": "x.wav"}]},
            "dead channel in x.wav: 1 of 2",
        ),
        (
            {"field": "artist", "value": "Jo", "tracks": 61, "of": 3907, "at_most": "1 %"},
            "61 of 3,907 tracks · at most: 1 %",
        ),
        ({"field": "artist", "value": "Jo", "splits": {"test": 8, "train": 83}}, "splits: test 8, train 83"),
    ],
)
def test_evidence_says_what_was_measured_and_what_is_asked(evidence: dict[str, object], line: str) -> None:
    assert evidence_line(evidence) == line


def test_days_and_moments_read_the_same_everywhere() -> None:
    assert day(date(2026, 11, 24)) == "Tue 24 Nov 2026"
    assert moment(datetime(2026, 11, 24, 14, 5, tzinfo=UTC)) == "24 Nov 2026, 14:05 UTC"


def test_a_thread_message_reads_as_it_was_reviewed() -> None:
    message = items_message(Items([item("a has no licence.", evidence={"title": NASTY})], 3), {})
    frozen = Path(__file__).parent.parent / "golden" / "slack" / "thread_message.json"
    assert json.loads(frozen.read_text(encoding="utf-8")) == {"text": message.text, "blocks": list(message.blocks)}
