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
    """A key and its value."""

    key: str
    mark: Mark
    node: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, each key once."""

    entries: tuple[Entry, ...]
    mark: Mark
    broken: bool = False

    def entry(self, key: str | int) -> Entry | None:
        """Look a key up; None if it isn't there."""
        return next((entry for entry in self.entries if entry.key == key), None)


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """Give the values without their places."""
    if isinstance(node, Mapping):
        return {entry.key: plain(entry.node) for entry in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value
