"""Block Kit's limits, as its reference states them (https://docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.blocks import checked_blocks, checked_view, text_length
from bot.desk.failure import SlackFailure

Block = dict[str, Any]


def plain(text: str = "Text") -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "Text") -> Block:
    return {"type": "mrkdwn", "text": text}


def option(value: str = "v", text: str = "Text") -> Block:
    return {"text": plain(text), "value": value}


def options(count: int) -> list[Block]:
    return [option(str(number)) for number in range(count)]


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain(), **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def field(element: Block) -> Block:
    return {"type": "input", "label": plain(), "element": element}


def select(count: int = 1, **more: Any) -> Block:
    return {"type": "static_select", "options": options(count), **more}


CONFIRM = {"title": plain(), "text": mrkdwn(), "confirm": plain("Yes"), "deny": plain("No")}

AT_THE_LIMIT: list[list[Block]] = [
    [{"type": "section", "text": mrkdwn("x" * 3000)}],
    [{"type": "section", "fields": [mrkdwn("x" * 900) for _ in range(10)]}],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "context", "elements": [mrkdwn() for _ in range(10)]}],
    [actions(*(button(action_id=str(number)) for number in range(25)))],
    [actions(button(text=plain("x" * 75), value="x" * 2000, action_id="x" * 255, style="danger"))],
    [actions(button(confirm=CONFIRM))],
    [actions({"type": "overflow", "options": options(5)})],
    [actions(select(100, placeholder=plain("x" * 150)))],
    [actions({"type": "static_select", "option_groups": [{"label": plain(), "options": options(100)}]})],
    [field({"type": "plain_text_input", "multiline": True, "min_length": 3, "max_length": 3000})],
    [field({"type": "number_input", "is_decimal_allowed": False, "min_value": "1"})],
    [field({"type": "url_text_input"})],
    [field({"type": "checkboxes", "options": options(10)})],
    [field({"type": "radio_buttons", "options": options(2), "initial_option": option("1")})],
    [field({"type": "datepicker", "initial_date": "2025-12-31"})],
    [field({"type": "users_select"})],
    [field({"type": "conversations_select", "filter": {"include": ["public"]}})],
    [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A"}],
    [{"type": "image", "slack_file": {"id": "F1"}, "alt_text": "A", "title": plain()}],
    [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}],
    [{"type": "divider"} for _ in range(50)],
]


@pytest.mark.parametrize("blocks", AT_THE_LIMIT)
def test_what_is_just_within_the_limits_passes(blocks: list[Block]) -> None:
    assert len(checked_blocks(blocks)) == len(blocks)


BEYOND: list[tuple[list[Block], str]] = [
    ([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0]"),
    ([{"type": "section", "text": mrkdwn("")}], "must be more than 0 characters"),
    ([{"type": "section", "text": mrkdwn("x" * 3001)}], "must be less than 3001 characters"),
    ([{"type": "section", "text": "x"}], "must provide a object"),
    ([{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}], "additional property"),
    ([{"type": "section", "fields": [mrkdwn()] * 11}], "no more than 10 items allowed"),
    ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "[json-pointer:/blocks/0/fields/0/text]"),
    ([{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
    ([{"type": "header", "text": mrkdwn()}], "unsupported type: mrkdwn"),
    ([{"type": "context", "elements": [mrkdwn()] * 11}], "no more than 10 items allowed"),
    ([{"type": "context", "elements": [button()]}], "unsupported type: button"),
    ([actions(*[button()] * 26)], "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    ([actions()], "no fewer than 1 items allowed"),
    ([actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
    ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    ([actions(button(action_id="x" * 256))], "must be less than 256 characters"),
    ([actions(button(style="warning"))], "must be one of: danger, primary"),
    ([actions(button(colour="red"))], "invalid additional property: colour"),
    ([actions(button(action_id="a"), button(action_id="a"))], "already exists"),
    ([actions(button(confirm={**CONFIRM, "text": mrkdwn("x" * 301)}))], "/confirm/text/text]"),
    ([actions({"type": "overflow", "options": options(6)})], "no more than 5 items allowed"),
    ([actions(select(101))], "no more than 100 items allowed"),
    ([actions(select(initial_option=option("other")))], "must exactly match one of the options"),
    ([actions(select(options=[option("x" * 151)]))], "must be less than 151 characters"),
    ([actions(select(options=[option(text="x" * 76)]))], "must be less than 76 characters"),
    ([actions({"type": "plain_text_input"})], "unsupported type: plain_text_input"),
    ([actions({"type": "datepicker", "initial_date": "31.12.2025"})], "YYYY-MM-DD"),
    ([field(button())], "unsupported type: button"),
    ([field({"type": "number_input"})], "missing required field: is_decimal_allowed"),
    ([field({"type": "plain_text_input", "max_length": 3001})], "must be between 1 and 3000"),
    ([field({"type": "checkboxes", "options": options(11)})], "no more than 10 items allowed"),
    ([{"type": "image", "alt_text": "A"}], "must define either `image_url` or `slack_file`"),
    ([{"type": "image", "image_url": "https://x.y"}], "missing required field: alt_text"),
    ([{"type": "carousel"}], "unsupported type: carousel [json-pointer:/blocks/0/type]"),
    ([{}], "missing required field: type"),
    ([{"type": "divider", "block_id": "x" * 256}], "must be less than 256 characters"),
    ([{"type": "divider", "block_id": "a"}] * 2, '`block_id` "a" already exists'),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
]


@pytest.mark.parametrize(("blocks", "complaint"), BEYOND)
def test_what_is_just_beyond_is_refused_with_its_place(blocks: list[Block], complaint: str) -> None:
    with pytest.raises(SlackFailure, match="invalid_blocks") as refused:
        checked_blocks(blocks)
    assert any(complaint in problem for problem in refused.value.problems), refused.value.problems


def test_every_complaint_comes_at_once() -> None:
    with pytest.raises(SlackFailure) as refused:
        checked_blocks([{"type": "header", "text": plain("")}, {"type": "section"}, actions(button(value=1))])
    assert len(refused.value.problems) == 3


def test_missing_ids_are_filled_in_and_given_ones_kept() -> None:
    given_block = actions(button(action_id="mine"), button())
    stored = checked_blocks([given_block])[0]
    assert stored["elements"][0]["action_id"] == "mine"
    assert stored["elements"][1]["action_id"]
    assert stored["block_id"]
    assert "block_id" not in given_block, "what the caller holds is left alone"


def modal(**more: Any) -> Block:
    return {"type": "modal", "title": plain(), "blocks": [{"type": "divider"}], **more}


@pytest.mark.parametrize(
    ("view", "complaint"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "[json-pointer:/view/submit/text]"),
        (modal(private_metadata="x" * 3001), "[json-pointer:/view/private_metadata]"),
        (modal(callback_id="x" * 256), "[json-pointer:/view/callback_id]"),
        (modal(blocks=[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(blocks=[field({"type": "plain_text_input"})]), "`submit` is required"),
        (modal(colour="red"), "invalid additional property: colour"),
        ({"type": "home", "blocks": []}, "unsupported type: home"),
        ({"type": "modal", "blocks": []}, "missing required field: title"),
        ([], "must provide an object"),
    ],
)
def test_a_view_has_limits_of_its_own(view: Any, complaint: str) -> None:
    with pytest.raises(SlackFailure, match="invalid_arguments") as refused:
        checked_view(view)
    assert any(complaint in problem for problem in refused.value.problems), refused.value.problems


def test_a_view_may_hold_a_hundred_blocks_and_be_sent_back_as_it_was_received() -> None:
    stored = checked_view(modal(blocks=[{"type": "divider"}] * 100))
    assert checked_view({**stored, "id": "V1", "hash": "1.a"})["blocks"] == stored["blocks"]


def test_a_view_beyond_a_quarter_of_a_megabyte_is_too_large() -> None:
    with pytest.raises(SlackFailure, match="view_too_large"):
        checked_view(modal(blocks=[{"type": "section", "text": mrkdwn("x" * 3000)}] * 90))


KEYS = ["type", "text", "elements", "element", "fields", "options", "accessory", "label", "option_groups"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "element", "fields", "options", "accessory", "label", "option_groups"]
            ),
            inner | st.sampled_from(["section", "actions", "input", "button", "mrkdwn", "static_select"]),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.lists(json_values, max_size=4))
def test_no_json_whatever_breaks_the_validator_or_is_changed_by_it(blocks: list[Any]) -> None:
    before = copy.deepcopy(blocks)
    with contextlib.suppress(SlackFailure):
        checked_blocks(blocks)
    assert blocks == before


def test_the_texts_of_a_tree_are_added_up() -> None:
    assert text_length([{"type": "section", "text": mrkdwn("abc"), "fields": [plain("de")]}]) == 5


def test_a_messages_frames_count_as_its_text_does() -> None:
    button = {"type": "button", "action_id": "a" * 200, "text": plain("x"), "value": "v" * 1_900}
    rows = [{"type": "actions", "block_id": f"row{number}", "elements": [button]} for number in range(6)]
    checked_blocks(rows[:4])
    with pytest.raises(SlackFailure, match="msg_blocks_too_long"):
        checked_blocks(rows)
