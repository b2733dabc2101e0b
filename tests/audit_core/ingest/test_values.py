"""Cells are read strictly: what can't be read is no value."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.ingest.values import ALGORITHMS, BadValue, checksum, day, milliseconds, whole_number


@pytest.mark.parametrize(("text", "number"), [("2011", 2011), ("2011.0", 2011), ("2011.", 2011), ("0007", 7)])
def test_a_whole_number_may_be_written_as_a_spreadsheet_writes_it(text: str, number: int) -> None:
    assert whole_number(text, 1, 9999) == number


@pytest.mark.parametrize("text", ["20x1", "2011.5", "-5", "1e3", "", "٢٠١١", "10000", "0"])
def test_what_is_no_whole_number_in_its_range_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        whole_number(text, 1, 9999)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("245", "s", 245_000),
        ("27.872308", "s", 27_872),
        ("0.0005", "s", 1),
        ("245000", "ms", 245_000),
        ("1.5", "min", 90_000),
        ("3:25", "s", 205_000),
        ("1:02:03.5", "ms", 3_723_500),
        ("2.5e2", "s", 250_000),
        ("0", "s", 0),
        ("3 min", "s", 180_000),
        ("5 s", "ms", 5_000),
        ("1.5h", "s", 5_400_000),
        ("500 ms", "s", 500),
    ],
)
def test_a_length_of_time_is_whole_milliseconds(text: str, unit: str, expected: int) -> None:
    assert milliseconds(text, unit) == expected


@pytest.mark.parametrize("text", ["-3", "3,5", "3m", "1.2.3 s", "1e3 s", "3:75", "nan", "inf", "99999999999999999"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        milliseconds(text, "s")


@given(st.integers(0, 10**10))
def test_milliseconds_written_as_seconds_come_back(duration: int) -> None:
    assert milliseconds(f"{duration // 1000}.{duration % 1000:03d}", "s") == duration


@pytest.mark.parametrize("text", ["2024-02-29", "2024-02-29T00:00:00", "2024-02-29 13:05:00+02:00"])
def test_a_day_may_have_a_time_after_it(text: str) -> None:
    assert day(text) == "2024-02-29"


@pytest.mark.parametrize("text", ["2023-02-29", "03/04/2024", "20240229", "2024-2-9", "yesterday"])
def test_a_day_is_written_one_way(text: str) -> None:
    with pytest.raises(BadValue):
        day(text)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha384", "sha512", "blake2b"])
def test_the_lengths_are_those_of_the_algorithms(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"audio").hexdigest()
    assert len(digest) == ALGORITHMS[algorithm]
    assert checksum(digest.upper(), algorithm) == digest


@pytest.mark.parametrize("text", ["d41d8cd98f00b204e9800998ecf8427", "g41d8cd98f00b204e9800998ecf8427e", "?"])
def test_what_is_no_md5_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="no md5 of 32 hexadecimal digits"):
        checksum(text, "md5")
