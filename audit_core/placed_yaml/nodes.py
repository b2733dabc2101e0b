"""What a YAML file holds, with the line and column of every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Entry", "Mapping", "Mark", "Node", "Scalar", "Sequence", "plain"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A line and a column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `broken` if it was refused already and stands for nothing."""

    value: str | int | float | bool | None
    mark: Mark
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    mark: Mark
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands under a key: the place of the key, and its value."""

    mark: Mark
    node: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, each key once."""

    entries: dict[str, Entry]
    mark: Mark
    broken: bool = False

    def entry(self, key: str | int) -> Entry | None:
        """Look a key up; None if it isn't there."""
        return self.entries.get(key) if isinstance(key, str) else None


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """Give the values without their places."""
    if isinstance(node, Mapping):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value
