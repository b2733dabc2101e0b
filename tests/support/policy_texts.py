"""Texts of policies: the packs, one in which every key stands, and strategies that spoil them in any way."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from audit_core.errors import PolicyError
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.source import parse

__all__ = ["EVERY_KEY", "PACKS", "WORDS", "json_like", "plain", "selectors", "spoilt"]

EVERY_KEY: Final = (Path(__file__).parent / "every_key.yaml").read_text(encoding="utf-8")
PACKS: Final = {
    path.name.removesuffix(".yaml"): path.read_text(encoding="utf-8")
    for path in sorted(Path(str(files("rules") / "packs")).rglob("*.yaml"))
}

_KEYS = (
    "id kind formerly severity say review reviewers group people channel decisions waiver longest evidence renewals "
    "respond_within schedule run digest timezone applies_to datasets except where all any not dataset field must "
    "match be_one_of be_at_least be_at_most unknown split extra.mood of to same by at_most top part between quarantine "
    "within joined_by group_at_most share_at_most overlap_at_least forbid length effective from review_by examples "
    "given expect"
)
_VALUES = (
    "licence field duplicate neighbour crossing integrity share artist train be_present skip pass file recording 5 1.5 "
    "2 0 1e3 true no ~ {} [] *a &a !t #x @y 1_% 2026-12-01 CC0-1.0 LicenseRef-x U012AB3CD"
)
_SPACED = (
    "5 s",
    "1.5 h",
    "3 days",
    "1 day",
    "0.5%",
    "20 %",
    "3 violations",
    "DAILY 06:00",
    "every 2 hours",
    "#ä",
    " a ",
)
WORDS: Final = [*dict.fromkeys([*_KEYS.split(), *_VALUES.split(), *_SPACED])]

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)

json_like: Final = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)

_FIELDS = st.dictionaries(
    st.sampled_from(["split", "genre", "extra.Mood", "extra.x y"]),
    st.text(min_size=1, max_size=3) | st.lists(st.sampled_from(["a", "ß", " b", "𝄞"]), min_size=1, max_size=2),
    min_size=1,
    max_size=2,
)
selectors: Final = st.recursive(
    _FIELDS,
    lambda inner: st.builds(
        lambda fields, word, some: {**fields, word: some[0] if word == "not" else some},
        _FIELDS,
        st.sampled_from(["all", "any", "not"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)
"""Selectors of which most are right."""


def plain(text: str) -> Any:
    """Read a text as policies are read, without a look at what it says."""
    return parse(text.encode(), "p.yaml", Dialect(PolicyError, "policy", "policies")).plain()


def spoilt(text: str) -> st.SearchStrategy[str]:
    """Change a policy somewhere: by letters, by lines, or by what stands under one of its keys."""
    content = yaml.safe_load(text)
    lines = text.split("\n")

    def replaced(start: int, length: int, word: str) -> str:
        return text[:start] + word + text[start + length :]

    def moved(line: int, move: int) -> str:
        sideways = " " * move + lines[line] if move > 0 else lines[line][-move:]
        return "\n".join([*lines[:line], sideways, *lines[line + 1 :]])

    return st.one_of(
        st.builds(
            replaced, st.integers(0, len(text)), st.integers(0, 30), st.sampled_from(WORDS) | st.text(max_size=6)
        ),
        st.builds(moved, st.integers(0, len(lines) - 1), st.integers(-4, 4).filter(bool)),
        st.builds(_written(content), st.sampled_from([*_places(content)]), json_like | st.sampled_from(WORDS)),
        st.builds(_written(content), st.just(("applies_to", "where")), selectors),
    )


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, held in inside for place in ((*path, key), *_places(held, (*path, key)))]


def _written(content: Any) -> Callable[[tuple[str | int, ...], object], str]:
    whole = yaml.safe_dump(content, sort_keys=False)

    def write(path: tuple[str | int, ...], value: object) -> str:
        copy: Any = yaml.safe_load(whole)
        holder = copy
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value
        return yaml.safe_dump(copy, allow_unicode=True, sort_keys=False)

    return write
