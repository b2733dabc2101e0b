"""The feature cache: what is put in is found, by whomever, and no crash damages it."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.audio.cache import CacheUnwritable, FeatureCache
from audit_core.audio.extractor import Extracted
from audit_core.audio.library import Library
from audit_core.audio.shards import Shard, record
from audit_core.errors import AudioError


def packets(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def shard_of(folder: Path) -> Path:
    (path,) = folder.glob("*/*.shard")
    return path


def filled(folder: Path, count: int, size: int = 100) -> None:
    with FeatureCache(folder) as cache:
        for number in range(count):
            cache.put("peaks", "1", packets(number), bytes([number % 256]) * size, {"n": number})


ENTRIES = st.dictionaries(st.integers(0, 30), st.tuples(st.binary(max_size=300), st.integers()), max_size=30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES, reopen=st.booleans())
def test_what_was_put_in_is_found(
    entries: dict[int, tuple[bytes, int]], reopen: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("features")
    cache = FeatureCache(folder)
    for number, (features, measure) in entries.items():
        cache.put("peaks", "1", packets(number), features, {"measure": measure})
    if reopen:
        cache.close()
    for number, (features, measure) in entries.items():
        assert cache.entry("peaks", "1", packets(number)) == Extracted({"measure": measure}, features or None)
    assert set(cache.keys("peaks", "1")) == {packets(number) for number in entries}
    cache.close()


def test_what_was_never_put_in_is_none(tmp_path: Path) -> None:
    with FeatureCache(tmp_path / "none") as cache:
        assert cache.get("peaks", "1", packets(1)) is None
        assert list(cache.keys("peaks", "1")) == []
    assert not (tmp_path / "none").exists()


def test_another_version_knows_nothing(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    with FeatureCache(tmp_path) as cache:
        assert cache.get("peaks", "1", packets(0)) is not None
        assert cache.get("peaks", "2", packets(0)) is None


def test_of_what_was_put_in_twice_the_newer_is_found(tmp_path: Path) -> None:
    with FeatureCache(tmp_path) as cache:
        cache.put("peaks", "1", packets(0), b"old")
        cache.put("peaks", "1", packets(0), b"new")
        assert cache.get("peaks", "1", packets(0)) == b"new"
    with FeatureCache(tmp_path) as cache:
        assert cache.get("peaks", "1", packets(0)) == b"new"


def test_writers_at_the_same_time_have_shards_of_their_own_and_see_each_other(tmp_path: Path) -> None:
    with FeatureCache(tmp_path) as one, FeatureCache(tmp_path) as other:
        one.put("peaks", "1", packets(1), b"one")
        other.put("peaks", "1", packets(2), b"other")
        assert other.get("peaks", "1", packets(1)) == b"one"
        assert one.get("peaks", "1", packets(2)) == b"other"
        assert len(list(tmp_path.glob("*/*.shard"))) == 2


def test_a_writer_goes_on_in_a_shard_that_is_free(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    filled(tmp_path, 5)
    assert shard_of(tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 5 * 160), indexed=st.booleans())
def test_a_shard_cut_anywhere_gives_its_whole_records_and_takes_new_ones(
    cut: int, indexed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("features")
    filled(folder, 5)
    shard = shard_of(folder)
    if not indexed:
        shard.with_suffix(".index").unlink()
    length = len(record(b"\0" * 32, {"n": 0}, b"x" * 100))
    os.truncate(shard, min(cut, shard.stat().st_size))
    with FeatureCache(folder) as cache:
        whole = [number for number in range(5) if cache.get("peaks", "1", packets(number)) is not None]
        assert whole == list(range(min(cut // length, 5)))
        cache.put("peaks", "1", packets(9), b"nine")
    with FeatureCache(folder) as cache:
        assert set(cache.keys("peaks", "1")) == {packets(number) for number in [*whole, 9]}
        assert cache.get("peaks", "1", packets(9)) == b"nine"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 5 * 155), bits=st.integers(1, 255), of_index=st.booleans())
def test_a_changed_byte_loses_what_it_is_in_and_never_gives_another(
    at: int, bits: int, of_index: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("features")
    filled(folder, 5)
    path = shard_of(folder).with_suffix(".index" if of_index else ".shard")
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] ^= bits
    path.write_bytes(raw)
    with FeatureCache(folder) as cache:
        for number in range(5):
            assert cache.get("peaks", "1", packets(number)) in (bytes([number]) * 100, None)
        cache.put("peaks", "1", packets(9), b"nine")
        assert cache.get("peaks", "1", packets(9)) == b"nine"


WRITER = """
import hashlib, sys
from pathlib import Path
from audit_core.audio.cache import FeatureCache
cache, number = FeatureCache(Path(sys.argv[1])), 0
while True:
    cache.put("peaks", "1", hashlib.sha256(str(number).encode()).hexdigest(), str(number).encode() * 5000)
    print(number, flush=True)
    number += 1
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_had_put_in(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = -1
    for line in process.stdout:
        last = int(line)
        if last >= 200:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with FeatureCache(tmp_path) as cache:
        for number in range(last + 1):
            assert cache.get("peaks", "1", packets(number)) == str(number).encode() * 5000
        cache.put("peaks", "1", packets(10**9), b"after")
    assert shard_of(tmp_path)


def test_a_disk_that_is_full_is_said_and_nothing_is_damaged(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    size = shard_of(tmp_path).stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with FeatureCache(tmp_path) as cache:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, limits[1]))
        try:
            with pytest.raises(CacheUnwritable, match="Make room there") as refused:
                cache.put("peaks", "1", packets(7), b"x" * 1000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert refused.value.exit_code == 3
        assert shard_of(tmp_path).stat().st_size == size
        cache.put("peaks", "1", packets(7), b"x" * 1000)
        assert cache.get("peaks", "1", packets(7)) == b"x" * 1000


def test_a_library_gives_what_is_kept_in_the_order_that_it_was_asked_in(tmp_path: Path) -> None:
    filled(tmp_path, 10)
    with FeatureCache(tmp_path) as cache:
        library = Library(cache, "peaks", "1", [packets(n) for n in (7, 3, 99)], [1, 2, 3], read=lambda raw: raw[0])
        assert (len(library), library[0], library[1]) == (3, 7, 3)
        assert library.durations_s.tolist() == [1, 2, 3]
        assert library.missing() == [packets(99)]
        with pytest.raises(AudioError, match="scan --again"):
            library[2]


def test_a_hundred_thousand_entries_open_at_once(tmp_path: Path) -> None:
    """An index of that size is written by hand, for a shard of that size would take the test minutes."""
    (tmp_path / "peaks-1").mkdir()
    path = tmp_path / "peaks-1" / "000000.shard"
    names = [packets(number) for number in range(100_000)]
    with path.open("wb") as file:
        for number, name in enumerate(names):
            file.write(record(bytes.fromhex(name), None, number.to_bytes(4, "big")))
    Shard(path).close()
    started = time.process_time()
    with FeatureCache(tmp_path) as cache:
        library: Library[Any] = Library(cache, "peaks", "1", names, np.ones(len(names)), int.from_bytes)
        assert [library[number] for number in range(0, 100_000, 5000)] == list(range(0, 100_000, 5000))
    assert time.process_time() - started < 1
