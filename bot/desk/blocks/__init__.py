"""Block Kit as its reference states it: what a message and a view may hold.

https://docs.slack.dev/reference/block-kit. The wording of a complaint follows what Slack's API answers
(``must be less than 3001 characters [json-pointer:/blocks/0/text/text]``).
"""

from __future__ import annotations

from bot.desk.blocks.message import checked_blocks, text_length
from bot.desk.blocks.view import checked_view

__all__ = ["checked_blocks", "checked_view", "text_length"]
