"""The handbook of policies: what `make docs` writes into HANDBOOK.md, and a chapter of it on each kind of rule.

It is made of what the program goes by: the descriptions in the models of policies, the fields of the catalogue, and the
manual pages of the kinds. Run as a module, it writes the file that it is told to.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from types import MappingProxyType
from typing import Any, Final

from audit_core.catalogue.fields import FIELDS, FieldType
from rules.checks import KINDS
from rules.examples.words import WORDS
from rules.handbook.manual import page
from rules.language.explain import explain
from rules.language.json_schema import policy_schema
from rules.language.reader import check_text

__all__ = ["chapter", "handbook"]

_HERE: Final = Path(__file__).parent
_FRAME: Final = _HERE / "frame.md"
_POLICY: Final = _HERE / "policy.yaml"
_GAP: Final = re.compile(r"^@@(\w+)@@$", re.MULTILINE)
_MARKUP: Final = re.compile(r"([*_])")
_WIDTH: Final = 120
_ESCAPED: Final = r"\\\1"

_VALUES: Final[Mapping[FieldType, str]] = MappingProxyType(
    {
        "text": "text",
        "multi": "text; a track may have several",
        "integer": "a whole number",
        "duration": "a duration, as in `3 min`",
        "date": "a day, as in `2026-12-01`",
    }
)

_IS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "key": "what names the track within its dataset",
        "title": "its title",
        "artist": "who performs it",
        "album": "the album that it is from",
        "work": "the composition that is performed",
        "recording": "the performance: several tracks may hold the same",
        "isrc": "the International Standard Recording Code",
        "iswc": "the International Standard Musical Work Code",
        "genre": "its genre",
        "language": "the language that is sung or spoken",
        "region": "where it comes from",
        "year": "the year of its release",
        "duration": "its length, as the catalogue states it",
        "sample_rate": "samples a second, as the catalogue states it",
        "channels": "how many channels, as the catalogue states it",
        "split": "what it is used for: train, valid, test",
        "licence": "its licence, as its source wrote it",
        "source": "where it came from",
        "acquired": "when it was acquired",
        "acquired_by": "who acquired it",
        "tags": "whatever else it was marked with",
        "status": "how far it has come with you: draft, cleared…",
    }
)


def handbook() -> str:
    """Write the whole book, as Markdown."""
    text = _POLICY.read_text(encoding="utf-8")
    schema = policy_schema()
    parts = schema["$defs"]
    gaps = {
        "policy": text.rstrip(),
        "explained": _explained(text),
        "keys": "\n".join(_keys(schema, parts)),
        "rule_keys": "\n".join(_keys(parts["rule"], {})),
        "fields": _table(("Field", "Is", "Holds"), ((name, _IS[name], _VALUES[FIELDS[name].type]) for name in FIELDS)),
        "words": _table(("Word", "Means"), ((name, word.means) for name, word in WORDS.items())),
        "kinds": "\n\n".join(chapter(kind) for kind in KINDS),
    }
    frame = _FRAME.read_text(encoding="utf-8")
    return _GAP.sub(lambda gap: gaps[gap[1]], frame)


def chapter(kind: str) -> str:
    """Write the chapter on a kind of rule, as Markdown.

    Parameters
    ----------
    kind : str
        A key of `rules.checks.KINDS`.
    """
    manual, check = page(kind), KINDS[kind]
    parts = [f"### {kind}", _sentence(manual.summary), manual.prose]
    names = [f"- `{{{name}}}`: {what}" for name, what in check.NAMES.items()]
    parts += [f"If `say` is left out, the sentence of a violation is `{check.SAY}`", "It may use these names:"]
    parts += ["\n".join(names), "For example:"]
    parts += [f"```yaml\n{illustration.as_yaml(kind)}\n```" for illustration in manual.illustrations]
    return "\n\n".join(parts)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _explained(text: str) -> str:
    """Quote what a policy demands in plain English."""
    lines = explain(check_text(text, "policy.yaml")).replace("\n", "\n\n").replace("\n\n\n", "\n").split("\n")
    return "\n".join(_wrapped(_MARKUP.sub(_ESCAPED, line), "> ", "> ") or ">" for line in lines)


def _wrapped(text: str, first: str, others: str) -> str:
    return fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _keys(holder: Mapping[str, Any], parts: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Write a line for each key, and below it those that stand under it."""
    for key, about in holder["properties"].items():
        said = [str(about.get("description", "")).rstrip(".") + "."]
        if "enum" in about and not all(str(word) in said[0] for word in about["enum"]):
            said.append(f"One of {', '.join(map(str, about['enum']))}.")
        if key in holder.get("required", ()):
            said.append("It is needed.")
        elif "default" in about:
            said.append(f"If left out: `{about['default']}`.")
        yield _wrapped(f"- `{key}`: {' '.join(said)}", "  " * depth, "  " * (depth + 1))
        below = str(about.get("$ref", "")).rpartition("/")[2]
        if below in parts and below.endswith("Keys"):
            yield from _keys(parts[below], parts, depth + 1)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *((f"`{name}`", *rest) for name, *rest in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(handbook(), encoding="utf-8")
