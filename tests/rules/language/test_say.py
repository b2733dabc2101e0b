"""The sentences of rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.placed_yaml.mistakes import Refusal
from rules.language.say import say_of


def test_names_are_filled_in() -> None:
    say = say_of("{track} by {artist}: {{no}} licence, {track}.", ("track", "artist"))
    assert say.names == {"track", "artist"}
    assert say.filled({"track": "t1", "artist": "{track}", "title": "x"}) == "t1 by {track}: {no} licence, t1."


@pytest.mark.parametrize(
    "text",
    [
        "{track.key}",
        "{track[0]}",
        "{track!r}",
        "{track:>9}",
        "{track:{track}}",
        "{}",
        "{0}",
        "{ track }",
        "{track",
        "}",
        " ",
    ],
)
def test_format_tricks_are_refused(text: str) -> None:
    with pytest.raises(Refusal):
        say_of(text, ("track",))


@given(st.text(max_size=80))
def test_text_without_braces_says_itself(text: str) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    if text.strip():
        assert say_of(escaped, ()).filled({}) == text


@given(st.text(alphabet="{}track!:.[]0 r", max_size=30), st.text(max_size=10))
def test_any_template_is_filled_or_refused(text: str, value: str) -> None:
    try:
        say = say_of(text, ("track",))
    except Refusal:
        return
    assert say.filled({"track": value}).count(value) >= len([name for _, name in say.pieces if name])
