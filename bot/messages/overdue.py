"""The weekly word to the owner of a policy that should have been looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from bot.messages.kit import (
    Block,
    Message,
    actions,
    bold,
    button,
    context,
    fitted,
    header,
    mention,
    message,
    paragraph,
    text,
)
from bot.messages.text import plain
from bot.messages.when import day, moment

__all__ = ["overdue_message"]


def overdue_message(content: Mapping[str, Any], people: Mapping[str, str]) -> Message:
    """Build the message.

    Parameters
    ----------
    content : mapping
        As `bot.overdue.remind` asks for it.
    people : mapping
        The names of people, from the settings: user id → name.
    """
    title = f"To be looked at again: {content['title']}"
    by = day(date.fromisoformat(content["review_by"]))
    late = f"Late: this was due on {moment(datetime.fromisoformat(content['due']))}. " if content["due"] else ""
    owner = content["owner"]

    def blocks(limit: int) -> list[Block]:
        return [
            header(title),
            paragraph(
                mention(owner, people),
                text(f", the policy {content['policy']} was to be looked at again by "),
                bold(by),
                text(". It is still in force, word for word."),
            ),
            paragraph(
                text("Read it, change what is no longer right, and write a new day under review_by, even if that is "),
                text("all that you change. Press Policy to propose it here, or edit its file and propose it by "),
                text("cratecheck policy activate."),
            ),
            actions(button("Policy", "policy", content["opens"])),
            context(plain(f"{late}This comes every Monday until then.", 2 * limit)),
        ]

    return message(f"{title}. The policy {content['policy']} was due by {by}; its owner is {owner}.", fitted(blocks))
