"""The policies that ship for anybody's data: by name, with what each is for.

They are files to be copied, read, argued with and changed. Those of the demo are made for its own data, and lie apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

__all__ = ["BY_DEFAULT", "DEMO", "STARTERS", "demo_text", "starter_text"]

STARTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rights": "May this music train a model that is sold, and can we show it?",
        "repetition": "What is there so often that a model learns it by heart?",
        "leaks": "Is anything trained on that is tested: a file, a recording, an artist, a work?",
        "balance": "Do a few artists or genres drown the others?",
        "sound": "Is each file whole, and what it seems to be?",
        "identifiers": "Can each recording be found in a registry? For recordings that labels have published.",
        "benchmarks": "Do public test sets stay out of training? For when you have imported some.",
    }
)
"""What each is for, by its name: the id of the policy, and the name of its file without ``.yaml``."""

BY_DEFAULT: Final = ("rights", "repetition", "leaks", "balance", "sound")
"""Those that have something to say of any dataset."""

DEMO: Final = ("crate", "folder", "folder-splits", "freemusi", "groove", "gtzan")
"""Those of the demo."""


def starter_text(name: str) -> str:
    """Give the text of one of `STARTERS`."""
    return _text(f"{name}.yaml")


def demo_text(name: str) -> str:
    """Give the text of one of `DEMO`."""
    return _text("demo", f"{name}.yaml")


def _text(*path: str) -> str:
    return files("rules").joinpath("packs", *path).read_text(encoding="utf-8")
