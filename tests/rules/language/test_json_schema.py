"""The JSON Schema of the policy language. That it takes whatever the parser takes is also a matter of `test_fuzz`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from audit_core.errors import Problems
from bot.cli.main import app
from rules.checks import KINDS
from rules.handbook.manual import page
from rules.language.json_schema import policy_schema, schema_text
from tests.support.mutations import tokens
from tests.support.policy_texts import EVERY_KEY, PACKS, plain

GOLDEN = Path(__file__).parents[2] / "golden" / "policies"
SCHEMA = policy_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

#: Broken policies of which the schema sees nothing: what is wrong with them is no matter of structure.
BEYOND = {
    *(
        "a-key-that-is-a-number",
        "a-key-that-is-no",
        "a-key-twice",
        "a-dash-that-is-lost",
    ),  # an editor tells of them by itself
    *("a-rule-id-twice", "a-former-id-of-two-rules", "a-former-id-that-is-in-use"),
    *("a-cron-line-out-of-range", "a-cron-line-that-never-comes", "a-cron-line-with-both-days"),
    *("a-day-not-every-month-has", "a-misspelt-day", "a-schedule-in-other-words", "a-time-that-does-not-exist"),
    *("a-cron-line-of-another-program", "a-cron-range-that-wraps", "a-time-of-day-in-words", "an-interval-of-weeks"),
    *("a-city-without-its-region", "an-abbreviated-time-zone", "an-unknown-time-zone"),
    "an-effective-the-wrong-way-round",
    *("a-crossing-without-quarantine", "a-quarantine-of-shares", "neighbours-of-themselves"),
    *("a-licence-allowed-and-denied", "a-range-the-wrong-way-round", "more-than-all", "unknown-beside-be-present"),
    *("a-pattern-for-a-number", "a-pattern-that-looks-back", "a-range-of-text", "an-unquoted-number-for-text"),
    *("say-with-a-brace-alone", "say-with-a-format-trick", "say-with-an-unknown-name"),
    *("a-selector-nested-too-deep", "all-of-what-no-track-can-be", "a-pattern-in-where"),
}


def test_it_is_a_schema_of_2020_12() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"].startswith("urn:")


@pytest.mark.parametrize("name", PACKS)
def test_it_takes_every_policy_that_ships(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(plain(PACKS[name]))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_takes_every_rule_that_the_manual_shows(kind: str) -> None:
    head = EVERY_KEY[: EVERY_KEY.index("rules:\n") + len("rules:\n")]
    rules = [f"id: a\nseverity: high\n{shown.as_yaml(kind)}" for shown in page(kind).illustrations]
    policy = plain(head + "".join(f"  -\n{indent(rule, '    ')}\n" for rule in rules))
    assert [error.message for error in VALIDATOR.iter_errors(policy)] == []


def test_it_refuses_every_broken_policy_whose_structure_is_wrong() -> None:
    read = {path.stem: broken(path) for path in GOLDEN.glob("*.yaml")}
    taken = {name for name, content in read.items() if content is not None and VALIDATOR.is_valid(content)}
    assert taken == BEYOND
    assert sum(content is not None for content in read.values()) >= 2 * len(BEYOND)


def test_every_key_is_described_in_a_sentence() -> None:
    described = {place: schema.get("description", "") for place, schema in properties(SCHEMA)}
    assert [place for place, said in described.items() if not said.rstrip(")").endswith(".")] == []


def test_every_key_of_the_language_stands_in_the_policy_that_tests_spoil() -> None:
    known = {place[-1] for place, _ in properties(SCHEMA) if "given_track" not in place}
    there = {token.text for token in tokens(EVERY_KEY) if token.is_key}
    fields = set(SCHEMA["$defs"]["where"]["properties"])
    assert known - fields <= there


def test_a_rule_is_described_by_its_kind() -> None:
    rule = SCHEMA["$defs"]["rule"]
    assert rule["properties"]["kind"]["enum"] == list(KINDS)
    assert [branch["if"]["properties"]["kind"]["const"] for branch in rule["allOf"]] == list(KINDS)


def test_its_patterns_are_in_the_dialect_that_editors_share() -> None:
    patterns = [*found("pattern", SCHEMA)]
    assert patterns
    assert [pattern for pattern in patterns if re.search(r"\(\?[^:]|\\[dwbAZ]|[^\x00-\x7f]", pattern)] == []


def test_it_names_no_host_but_that_of_json_schema() -> None:
    assert set(re.findall(r"https?://([^/\"]+)", schema_text())) == {"json-schema.org"}


def test_the_command_writes_it() -> None:
    assert CliRunner().invoke(app, ["policy", "schema"]).output == schema_text()


def test_the_schema_beside_the_packs_is_not_stale() -> None:
    beside = (files("rules") / "packs" / "policy.schema.json").read_text(encoding="utf-8")
    assert beside == schema_text(), "run `make docs`"


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_tells_editors_where_its_schema_is(name: str) -> None:
    assert PACKS[name].startswith("# yaml-language-server: $schema=policy.schema.json\n")


def broken(path: Path) -> Any:
    """Read a broken policy as far as that goes; None if it can't be read as YAML at all."""
    try:
        return plain(path.read_text(encoding="utf-8"))
    except (Problems, UnicodeDecodeError):
        return None


def properties(schema: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Give the schema of each key that a mapping may have."""
    if isinstance(schema, list):
        for item in schema:
            yield from properties(item, place)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties" and "type" in schema:
                yield from (((*place, name), held) for name, held in value.items())
                for name, held in value.items():
                    yield from properties(held, (*place, name))
            elif key not in ("if", "default", "examples", "properties"):
                yield from properties(value, (*place, key) if place == ("$defs",) else place or (key,))


def found(keyword: str, schema: Any) -> Iterator[str]:
    """Give every text under a keyword."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == keyword and isinstance(value, str):
                yield value
            yield from found(keyword, value)
    elif isinstance(schema, list):
        for item in schema:
            yield from found(keyword, item)
