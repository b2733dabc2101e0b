"""One call of a Web API method: its arguments, whether sent as a form or as JSON.

https://docs.slack.dev/apis/web-api/#post-bodies: in a form, structured arguments are JSON in a string;
in a JSON body they may stand as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.desk.failure import SlackFailure

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["Call"]


@dataclass(frozen=True, slots=True)
class Call:
    """A method's arguments, the desk it is called on, and the address that it was reached at."""

    desk: Desk
    arguments: Mapping[str, Any]
    base_url: str

    def has(self, name: str) -> bool:
        """Tell whether an argument was given and is not empty."""
        return self.arguments.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """Read an argument as text."""
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """Read an argument that must be there."""
        value = self.text(name)
        if not value:
            raise SlackFailure("invalid_arguments", [f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        """Read a boolean argument, however it was written."""
        return self.arguments.get(name) in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int, *, least: int, most: int, error: str = "invalid_limit") -> int:
        """Read a whole number within bounds, or refuse with ``error``."""
        if not self.has(name):
            return default
        try:
            number = int(self.arguments[name])
        except (TypeError, ValueError):
            raise SlackFailure(error) from None
        if not least <= number <= most:
            raise SlackFailure(error)
        return number

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """Read an argument that is an object or array, or None if it isn't there."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackFailure(error) from None
