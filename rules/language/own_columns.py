"""Columns of the workspace's own that a policy names, ``extra.NAME``, held against those that there are.

They may stand wherever a field may: in a selector, in what an example gives, and as the field of a rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from audit_core.catalogue.fields import FIELDS, field_named
from audit_core.placed_yaml.mistakes import Mistake, Steps
from audit_core.wording import listed, meant, quoted

__all__ = ["unknown_columns"]

_EXTRA: Final = "extra."
#: The keys of rules after which a field is named.
_NAMING: Final = ("field", "by")


def unknown_columns(content: Any, known: Collection[str]) -> Iterator[Mistake]:
    """Find the columns that a policy names and nobody knows.

    Parameters
    ----------
    content : Any
        The plain values of a policy file.
    known : collection of str
        The columns that there are, as ``extra.NAME``.
    """
    for name, path, at_key in _named(content, ()):
        if name not in known and name not in FIELDS and field_named(name) is not None:
            yield Mistake(f"no mapping file names {quoted(name)}", _mend(name, known), path, at_key)


def _mend(name: str, known: Collection[str]) -> str:
    own = sorted(one.removeprefix(_EXTRA) for one in known)
    if found := meant(name.removeprefix(_EXTRA), own):
        return f"Did you mean {quoted(_EXTRA + found)}?"
    return f"They name {listed(_EXTRA + one for one in own)}. If there is such a column, add it to a mapping file."


def _named(content: Any, path: Steps) -> Iterator[tuple[str, Steps, bool]]:
    """Give each column that is named, with its place, and whether it is a key."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key.startswith(_EXTRA):
                yield key, (*path, key), True
            if key in _NAMING and isinstance(value, str) and value.startswith(_EXTRA):
                yield value, (*path, key), False
            yield from _named(value, (*path, key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _named(value, (*path, index))
