"""The blocks of a message."""

from __future__ import annotations

import json
from typing import Any

from bot.desk.blocks.check import Check
from bot.desk.blocks.layout import Block, check_list, filled_in
from bot.desk.failure import SlackFailure

__all__ = ["BLOCKS_AT_MOST", "TEXT_AT_MOST", "checked_blocks", "text_length"]

BLOCKS_AT_MOST = 50
TEXT_AT_MOST = 11_000
"""Slack's bound on a message's blocks together, frames and all, is not documented; github.com/slackapi/bolt-js
#2867 measured 9,597 characters accepted and 11,341 refused as ``msg_blocks_too_long``."""


def checked_blocks(blocks: object) -> list[Block]:
    """Check the ``blocks`` argument of a message, and give them as Slack stores them.

    Raises
    ------
    SlackFailure
        ``invalid_blocks_format`` if it is no array of objects, ``invalid_blocks`` with every complaint,
        ``msg_blocks_too_long`` if the texts together are too long.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackFailure("invalid_blocks_format")
    check = Check()
    check_list(check, blocks, "/blocks", most=BLOCKS_AT_MOST)
    if check.problems:
        raise SlackFailure("invalid_blocks", check.problems)
    if max(text_length(blocks), len(json.dumps(blocks, ensure_ascii=False))) > TEXT_AT_MOST:
        raise SlackFailure("msg_blocks_too_long")
    return filled_in(blocks)


def text_length(node: Any) -> int:
    """Add up the lengths of all ``text`` strings in a tree of blocks."""
    if isinstance(node, dict):
        own = node.get("text")
        length = len(own) if isinstance(own, str) else 0
        return length + sum(text_length(child) for child in node.values())
    return sum(text_length(child) for child in node) if isinstance(node, list) else 0
