"""The handbook of policies: as `make docs` would write it now, and right in all that it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import rules
from audit_core.catalogue.fields import FIELDS
from rules.checks import KINDS
from rules.examples.given import given_of
from rules.examples.run import lacks, run_examples
from rules.handbook.book import chapter, handbook
from rules.language.json_schema import policy_schema
from rules.language.reader import check_text
from rules.language.schedule import timing_of
from tests.support.commands import check_command
from tests.support.policies import LICENCES, policy

BOOK = Path(rules.__file__).with_name("HANDBOOK.md")
TEXT = BOOK.read_text(encoding="utf-8")
BEFORE_THE_KINDS = TEXT.partition("## The kinds of rule")[0]
SHOWN = re.findall(r"^```yaml\n(.*?)^```$", BEFORE_THE_KINDS, re.MULTILINE | re.DOTALL)
ROWS = re.findall(r"^\| (`\w+ .*`) \|", TEXT, re.MULTILINE)
TIMES = [words for row in ROWS for words in re.findall("`([^`]+)`", row)]


def test_it_is_not_stale() -> None:
    assert handbook() == TEXT, "run `make docs`"


def test_it_begins_with_a_policy_that_is_right_and_passes_its_examples() -> None:
    shown = check_text(SHOWN[0], "policy.yaml")
    assert lacks([shown]) == []
    assert [str(outcome) for outcome in run_examples([shown], LICENCES) if not outcome.ok] == []


@pytest.mark.parametrize("text", [text for text in SHOWN if text.startswith("where:")])
def test_selectors_are_written_as_it_shows(text: str) -> None:
    rule = {"kind": "field", "field": "title", "must": "be_present"}
    assert policy(rule, applies_to=yaml.safe_load(text)).applies_to.where.terms


@pytest.mark.parametrize("text", [text for text in SHOWN if text.startswith("examples:")])
def test_examples_are_written_as_it_shows(text: str) -> None:
    for example in yaml.safe_load(text)["examples"]:
        assert given_of(example["given"]).tracks


def test_times_are_written_as_it_shows() -> None:
    assert len(TIMES) > 5
    for words in TIMES:
        assert timing_of(words).words == words


def test_it_tells_of_every_key_of_a_policy() -> None:
    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            own = set(value["properties"]) if isinstance(value.get("properties"), dict) else set()
            return own.union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    asked = keys(policy_schema()) - {"of", "to"}
    assert [key for key in sorted(asked) if f"`{key}" not in TEXT and f"{key}:" not in TEXT] == []


def test_it_tells_of_every_field_and_kind() -> None:
    assert [name for name in FIELDS if f"| `{name}` |" not in TEXT] == []
    assert re.findall(r"^### (\w+)$", TEXT, re.MULTILINE) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chapter_names_what_a_sentence_may_use(kind: str) -> None:
    for name, meaning in KINDS[kind].NAMES.items():
        assert f"- `{{{name}}}`: {meaning}" in chapter(kind)


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`(cratecheck [^`\n]+)`", TEXT))))
def test_the_commands_that_it_names_exist(line: str) -> None:
    check_command(line)


def test_its_links_lead_to_its_headings() -> None:
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= headings
