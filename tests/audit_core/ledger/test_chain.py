"""Entries are chained by hash, one after another, whoever writes them."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.catalogue.store import Store
from audit_core.ledger import chain
from audit_core.ledger.chain import NOTHING, Head, append, canonical, export, head, instant
from tests.support.ledger import START

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def appended(store: Store, payload: dict[str, Any]) -> Head:
    with store.write() as connection:
        return append(connection, kind="import", actor="ada", via="cli", at=START, payload=payload)


def test_the_head_of_an_empty_chain_is_nothing(store: Store) -> None:
    with store.read() as connection:
        assert head(connection) == Head(0, NOTHING)


def test_an_entry_follows_the_one_before(store: Store) -> None:
    first = appended(store, {"rows": 1})
    second = appended(store, {"rows": 2})
    with store.read() as connection:
        lines = [json.loads(line) for line in export(connection)]
        assert head(connection) == second
    assert [line["seq"] for line in lines] == [1, 2]
    assert [line["previous"] for line in lines] == [NOTHING, first.hash]


def test_entries_of_many_writers_make_one_chain_without_gaps(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        heads = list(pool.map(lambda number: appended(store, {"n": number}), range(40)))
    assert sorted(one.seq for one in heads) == list(range(1, 41))
    with store.read() as connection:
        lines = [json.loads(line) for line in export(connection)]
    assert all(after["previous"] == before["hash"] for before, after in pairwise(lines))


def test_the_ten_lines_of_the_manual_verify_an_export(store: Store) -> None:
    for title in ("Für Elise", "<!channel>", '"quoted"\n'):
        appended(store, {"title": title})
    with store.read() as connection:
        lines = "".join(f"{line}\n" for line in export(connection))
    assert chain.__doc__
    script = textwrap.dedent(re.split(r"::\n\n", chain.__doc__)[-1])
    assert "hashlib" in script
    good = subprocess.run([sys.executable, "-c", script], input=lines, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    forged = lines.replace("Elise", "Elisa")
    bad = subprocess.run([sys.executable, "-c", script], input=forged, capture_output=True, text=True, check=False)
    assert bad.stderr.strip() == "entry 1 is broken"


def test_the_hash_of_an_entry_is_the_one_written_down_here(store: Store) -> None:
    array = f'[1,"2026-03-02T09:30:00.000000Z","import","ada","cli","{{\\"rows\\":3}}","{NOTHING}"]'
    assert appended(store, {"rows": 3}).hash == hashlib.sha256(array.encode()).hexdigest()


@given(json_values)
def test_the_canonical_form_reads_back_as_the_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(json_values)
def test_the_canonical_form_is_its_own(value: Any) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_the_order_of_keys_and_the_sign_of_zero_do_not_count() -> None:
    assert canonical({"b": 1, "a": -0.0}) == canonical({"a": 0.0, "b": 1}) == '{"a":0.0,"b":1}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, {1: 2}, {"at": START}, b"bytes", {"a"}])
def test_what_is_no_json_value_has_no_canonical_form(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


def test_a_moment_is_written_in_utc_with_six_decimals() -> None:
    summer = timezone(timedelta(hours=2))
    assert instant(datetime(2026, 7, 1, 12, 0, tzinfo=summer)) == "2026-07-01T10:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        instant(datetime(2026, 7, 1))  # noqa: DTZ001 - that it has none is the point
