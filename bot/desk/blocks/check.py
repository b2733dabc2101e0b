"""A check of JSON objects that collects what is wrong, each with its JSON pointer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

__all__ = ["Check"]

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}


class Check:
    """The complaints so far."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def fault(self, problem: str, at: str) -> None:
        """Note a complaint about the place ``at``."""
        self.problems.append(f"{problem} [json-pointer:{at}]")

    def keys(self, node: dict[str, Any], at: str, allowed: Collection[str]) -> None:
        """Complain of keys that the reference doesn't list: Slack refuses them too."""
        for key in node:
            if key not in allowed:
                self.fault(f"invalid additional property: {key}", at)

    def string(
        self, node: dict[str, Any], key: str, at: str, *, most: int, least: int = 0, required: bool = False
    ) -> str | None:
        """Read a string of bounded length."""
        value = self._typed(node, key, at, str, required)
        if value is None:
            return None
        if len(value) < least:
            self.fault(f"must be more than {least - 1} characters", f"{at}/{key}")
        if len(value) > most:
            self.fault(f"must be less than {most + 1} characters", f"{at}/{key}")
        return str(value)

    def boolean(self, node: dict[str, Any], key: str, at: str, *, required: bool = False) -> None:
        """Check that the value, if any, is true or false."""
        self._typed(node, key, at, bool, required)

    def one_of(self, node: dict[str, Any], key: str, at: str, allowed: Collection[str]) -> None:
        """Check that the value, if any, is one of the ``allowed``."""
        value = self._typed(node, key, at, str, required=False)
        if value is not None and value not in allowed:
            self.fault(f"must be one of: {', '.join(sorted(allowed))}", f"{at}/{key}")

    def integer(self, node: dict[str, Any], key: str, at: str, *, least: int, most: int) -> None:
        """Check that the value, if any, is a whole number within bounds."""
        value = self._typed(node, key, at, int, required=False)
        if value is not None and not least <= value <= most:
            self.fault(f"must be between {least} and {most}", f"{at}/{key}")

    def items(
        self, node: dict[str, Any], key: str, at: str, *, most: int, least: int = 1, required: bool = True
    ) -> list[tuple[dict[str, Any], str]]:
        """Read an array of objects, each with its pointer."""
        value = self._typed(node, key, at, list, required)
        if value is None:
            return []
        if len(value) < least:
            self.fault(f"no fewer than {least} items allowed", f"{at}/{key}")
        if len(value) > most:
            self.fault(f"no more than {most} items allowed", f"{at}/{key}")
        found = []
        for index, item in enumerate(value):
            if isinstance(item, dict):
                found.append((item, f"{at}/{key}/{index}"))
            else:
                self.fault("must provide an object", f"{at}/{key}/{index}")
        return found

    def object(self, node: dict[str, Any], key: str, at: str, *, required: bool = False) -> dict[str, Any] | None:
        """Read an object."""
        value: dict[str, Any] | None = self._typed(node, key, at, dict, required)
        return value

    def text(
        self,
        node: dict[str, Any],
        key: str,
        at: str,
        *,
        most: int,
        plain: bool = True,
        required: bool = True,
    ) -> None:
        """Check a text object; ``plain`` says that only ``plain_text`` will do.

        https://docs.slack.dev/reference/block-kit/composition-objects/text-object
        """
        value = self.object(node, key, at, required=required)
        if value is None:
            return
        self.text_object(value, f"{at}/{key}", most=most, plain=plain)

    def text_object(self, value: dict[str, Any], at: str, *, most: int, plain: bool) -> None:
        """Check a text object that stands by itself, as in ``fields``."""
        kind = value.get("type")
        if kind == "plain_text":
            self.keys(value, at, ("type", "text", "emoji"))
            self.boolean(value, "emoji", at)
        elif kind == "mrkdwn" and not plain:
            self.keys(value, at, ("type", "text", "verbatim"))
            self.boolean(value, "verbatim", at)
        else:
            self.fault(f"unsupported type: {kind}" if kind else "missing required field: type", f"{at}/type")
        self.string(value, "text", at, most=most, least=1, required=True)

    def _typed(self, node: dict[str, Any], key: str, at: str, kind: type, required: bool) -> Any:
        value = node.get(key)
        if value is None:
            if required:
                self.fault(f"missing required field: {key}", at)
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fault(f"must provide a {_JSON_TYPES[kind]}", f"{at}/{key}")
            return None
        return value
