"""The pieces of Block Kit that the messages are built of.

Text is always `rich_text` or `plain_text`: neither is parsed, so no title can mention a channel, hide a link or draw
bold. A message stays below 10,000 characters, counted as JSON: Slack counts its blocks' frames as well, and refuses
past a limit that it does not publish.

References
----------
.. [1] https://docs.slack.dev/reference/block-kit
.. [2] https://github.com/slackapi/bolt-js/issues/2509
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot.messages.text import fallback, plain
from bot.people import identified

__all__ = [
    "AT_MOST",
    "Block",
    "File",
    "Message",
    "Span",
    "View",
    "actions",
    "bold",
    "button",
    "choice",
    "code_blocks",
    "context",
    "date_picker",
    "divider",
    "fitted",
    "header",
    "link",
    "mention",
    "message",
    "modal",
    "paragraph",
    "person",
    "select",
    "size",
    "text",
    "text_input",
]

Block = dict[str, Any]
Span = dict[str, Any]
View = dict[str, Any]

AT_MOST: Final = 9_900
"""The most characters of JSON that a message's blocks may take."""
_CODE_AT_MOST: Final = 3_000
_SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{6,30}")
_GROUP_ID: Final = re.compile(r"S[A-Z0-9]{6,30}")


@dataclass(frozen=True, slots=True)
class File:
    """A file that was uploaded, and is yet to be shared."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as Slack takes it: blocks, the text for where blocks can't be shown, and the files that it brings."""

    text: str
    blocks: tuple[Block, ...]
    files: tuple[File, ...] = ()


def message(text: str, blocks: Sequence[Block]) -> Message:
    """Make a message; `text` is plain and gets escaped here."""
    return Message(fallback(text), tuple(blocks))


def fitted(blocks: Callable[[int], list[Block]]) -> list[Block]:
    """Build blocks with as much of each text as the whole message has room for."""
    for limit in (600, 300, 200, 120, 80, 40):
        built = blocks(limit)
        if size(built) <= AT_MOST:
            return built
    return blocks(10)


def size(blocks: Sequence[Block]) -> int:
    """Count what blocks take of a message's room: the characters of their JSON."""
    return len(json.dumps(blocks, ensure_ascii=False))


def text(words: str) -> Span:
    """Write words."""
    return {"type": "text", "text": words}


def bold(words: str) -> Span:
    """Write words in bold."""
    return {"type": "text", "text": words, "style": {"bold": True}}


def link(url: str) -> Span:
    """Write a link that shows where it leads."""
    return {"type": "link", "url": url, "text": plain(url, 80)}


def person(who: str, people: Mapping[str, str], limit: int = 80) -> Span:
    """Write who somebody is: by name where it is known, so that nobody is pinged; else as Slack shows its users."""
    if who in people:
        return text(plain(people[who], limit))
    if _SLACK_ID.fullmatch(who):
        return {"type": "user", "user_id": who}
    return text(plain(who, limit))


def mention(who: str, people: Mapping[str, str], limit: int = 200) -> Span:
    """Call somebody: a person by Slack id or by the name in the settings, a group by id; who has neither is named."""
    found = identified(who, people)
    if _SLACK_ID.fullmatch(found):
        return {"type": "user", "user_id": found}
    if _GROUP_ID.fullmatch(who):
        return {"type": "usergroup", "usergroup_id": who}
    return text(plain(who, limit))


def paragraph(*spans: Span, block_id: str | None = None) -> Block:
    """Put spans into one block of text. Empty ones are left out: Slack refuses them."""
    elements: list[Span] = []
    for span in spans:
        if span.get("text") == "":
            continue
        if elements and _only_words(span) and _only_words(elements[-1]):
            elements[-1] = text(elements[-1]["text"] + span["text"])
        else:
            elements.append(span)
    block: Block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    return {**block, "block_id": block_id} if block_id else block


def _only_words(span: Span) -> bool:
    return span.keys() == {"type", "text"}


def code_blocks(lines: Sequence[str]) -> Block:
    """Write lines as they are, in letters of one width; in several pieces, where one would be too long for Slack."""
    pieces = [""]
    for line in lines:
        if pieces[-1] and len(pieces[-1]) + len(line) >= _CODE_AT_MOST:
            pieces.append("")
        pieces[-1] += f"\n{line}" if pieces[-1] else line or " "
    elements = [{"type": "rich_text_preformatted", "elements": [text(piece or " ")]} for piece in pieces]
    return {"type": "rich_text", "elements": elements}


def header(words: str) -> Block:
    """Write a headline."""
    return {"type": "header", "text": _plain_text(words, 110)}


def context(words: str) -> Block:
    """Write in small letters."""
    return {"type": "context", "elements": [_plain_text(words, 1_000)]}


def divider() -> Block:
    """Draw a line."""
    return {"type": "divider"}


def actions(*elements: Block, block_id: str | None = None) -> Block:
    """Put controls in a row."""
    block: Block = {"type": "actions", "elements": list(elements)}
    return {**block, "block_id": block_id} if block_id else block


def button(label: str, action_id: str, value: str, *, style: Literal["primary", "danger"] | None = None) -> Block:
    """Make a button; `value` comes back with the click."""
    # Without `emoji: false`, which takes a tenth of a thread message: a label is always ours.
    said = {"type": "plain_text", "text": plain(label, 60)}
    made = {"type": "button", "action_id": action_id, "text": said, "value": value}
    return {**made, "style": style} if style else made


def select(action_id: str, options: Mapping[str, str], chosen: str) -> Block:
    """Make a menu of values with their labels."""
    made = {value: {"text": _plain_text(label, 60), "value": value} for value, label in options.items()}
    return {
        "type": "static_select",
        "action_id": action_id,
        "options": list(made.values()),
        "initial_option": made[chosen],
    }


def text_input(
    name: str,
    label: str,
    *,
    hint: str | None = None,
    optional: bool = False,
    lines: bool = False,
    most: int = 1_000,
    initial: str = "",
) -> Block:
    """Ask for text; `name` is both block and action, under which the answer is found."""
    element: Block = {"type": "plain_text_input", "action_id": name, "multiline": lines, "max_length": most}
    if initial:
        element["initial_value"] = initial
    return _input(name, label, element, hint, optional)


def date_picker(name: str, label: str, initial: str, *, hint: str | None = None) -> Block:
    """Ask for a day."""
    return _input(name, label, {"type": "datepicker", "action_id": name, "initial_date": initial}, hint, False)


def choice(
    name: str, label: str, options: Sequence[tuple[str, str]], initial: str, *, hint: str | None = None
) -> Block:
    """Ask for one of some options, each a value and how it reads."""
    shown = {value: {"text": _plain_text(words, 75), "value": value} for value, words in options}
    element = {
        "type": "static_select",
        "action_id": name,
        "options": list(shown.values()),
        "initial_option": shown[initial],
    }
    return _input(name, label, element, hint, False)


def modal(
    title: str, blocks: Sequence[Block], *, callback_id: str, metadata: str = "", submit: str | None = None
) -> View:
    """Make a modal; without `submit` it only shows."""
    view: View = {
        "type": "modal",
        "callback_id": callback_id,
        "title": _plain_text(title, 24),
        "close": _plain_text("Cancel" if submit else "Close", 24),
        "blocks": list(blocks),
        "private_metadata": metadata,
    }
    return {**view, "submit": _plain_text(submit, 24)} if submit else view


def _input(name: str, label: str, element: Block, hint: str | None, optional: bool) -> Block:
    block: Block = {"type": "input", "block_id": name, "label": _plain_text(label, 200), "element": element}
    if hint:
        block["hint"] = _plain_text(hint, 500)
    return {**block, "optional": True} if optional else block


def _plain_text(words: str, limit: int) -> Block:
    return {"type": "plain_text", "text": plain(words, limit) or "–", "emoji": False}
