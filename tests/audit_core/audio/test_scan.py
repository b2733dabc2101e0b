"""A scan hears every file once, whatever becomes of one of them, and publishes what it found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from audit_core.audio.cache import CacheUnwritable, FeatureCache
from audit_core.audio.extractors import extractors
from audit_core.audio.files import Root
from audit_core.audio.hear import OWN
from audit_core.audio.scan import Options, Progress, ScanReport, scan
from audit_core.audio.tables import audio_files
from audit_core.audio.worker import Registry
from audit_core.catalogue.leases import LeaseHeld, hold
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import FOREVER
from audit_core.ledger.verify import verify
from tests.support import faults
from tests.support.catalogue import vouch
from tests.support.ledger import dataset, revision, track
from tests.support.sound import chords, tone, write


class Crate:
    """A dataset and the folder of its audio: the track ``a`` names the file ``a.audio``."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        (folder / "music").mkdir()

    def path(self, key: str) -> Path:
        return self.folder / "music" / f"{key}.audio"

    def sounds(self, **levels: float) -> None:
        """Make a file of each level, in the order of their names."""
        for key, level in levels.items():
            write(self.path(key).with_suffix(".wav"), tone(440, 0.3, 8000, level=level), 8000).rename(self.path(key))

    def tracks(self, *keys: str, name: str = "crate") -> None:
        with self.store.write() as connection:
            number = dataset(connection, name)
            now = revision(connection, number)
            for key in keys:
                track(connection, number, key, now, files=[("audio", {})])
            vouch(connection, now)

    def scan(
        self, registry: Registry = faults.sound, names: tuple[str, ...] = ("crate",), **options: Any
    ) -> ScanReport:
        extra = {name: options.pop(name) for name in ("stop", "tell") if name in options}
        roots = {name: Root(self.folder / "music") for name in names}
        wanted = Options(**{"jobs": 2, "timeout_s": 20.0, **options})
        cache = self.folder / "features"
        return scan(self.store, roots, cache, wanted, actor="ada", via="cli", registry=registry, **extra)

    def rows(self, *, closed: bool = False) -> dict[str, Row[Any]]:
        open_ = audio_files.c.to_rev != FOREVER if closed else audio_files.c.to_rev == FOREVER
        with self.store.read() as connection:
            return {
                row.path.removesuffix(".audio"): row for row in connection.execute(select(audio_files).where(open_))
            }

    def problems(self) -> dict[str, str | None]:
        return {key: row.problem for key, row in self.rows().items()}


@pytest.fixture
def crate(tmp_path: Path) -> Iterator[Crate]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield Crate(store, tmp_path)


def test_every_file_is_heard_and_the_ledger_vouches_for_it_on_both_databases(store: Store, tmp_path: Path) -> None:
    crate = Crate(store, tmp_path)
    write(crate.path("a").with_suffix(".flac"), chords(3), 44100).rename(crate.path("a"))
    write(crate.path("b").with_suffix(".mp3"), chords(3, seed=1), 48000).rename(crate.path("b"))
    crate.tracks("a", "b", "gone")
    report = crate.scan(extractors)
    assert (report.heard, report.reused, report.unchanged) == (2, 0, 0)
    assert report.problems == {"missing": 1}
    assert [(one.dataset, one.path, one.problem) for one in report.troubles] == [("crate", "gone.audio", "missing")]
    row = crate.rows()["a"]
    assert (row.codec, row.sample_rate_hz, row.duration_ms, row.problem) == ("flac", 44100, 3000, None)
    assert row.versions.keys() == {"hear", "pcm", "fingerprint", "integrity", "loudness", "embedding"}
    assert verify(store).broken is None

    again = crate.scan(extractors)
    assert (again.heard, again.unchanged, again.revisions) == (0, 2, [])
    assert again.problems == {"missing": 1}


def test_unchanged_files_are_not_even_opened(crate: Crate) -> None:
    crate.sounds(a=0.2, b=0.4)
    crate.tracks("a", "b")
    crate.scan()
    before = crate.rows()
    state = crate.path("b").stat()
    crate.path("b").write_bytes(b"\0" * state.st_size)
    os.utime(crate.path("b"), ns=(state.st_atime_ns, state.st_mtime_ns))
    assert crate.scan().unchanged == 2
    assert crate.rows() == before
    assert crate.scan(again=True).problems["undecodable"] == 1


def test_a_file_that_changed_is_heard_anew_and_what_it_was_stays_on_record(crate: Crate) -> None:
    crate.sounds(a=0.2, b=0.4)
    crate.tracks("a", "b")
    first = crate.scan()
    crate.sounds(a=0.6)
    report = crate.scan()
    assert (report.heard, report.unchanged) == (1, 1)
    assert crate.rows()["a"].peak == pytest.approx(0.6, abs=0.01)
    was = crate.rows(closed=True)["a"]
    assert was.peak == pytest.approx(0.2, abs=0.01)
    assert (was.from_rev, was.to_rev) == (first.revisions[0], report.revisions[0])
    assert verify(crate.store).broken is None


def test_what_the_feature_cache_has_lost_is_heard_again(crate: Crate) -> None:
    crate.sounds(a=0.2)
    crate.tracks("a")
    crate.scan()
    shutil.rmtree(crate.folder / "features")
    report = crate.scan()
    assert (report.heard, report.unchanged, report.revisions) == (1, 0, [])
    packets = crate.rows()["a"].packets
    with FeatureCache(crate.folder / "features") as cache:
        assert cache.get("loudest", "1", packets) == b"loud"
    assert crate.scan().unchanged == 1


def test_an_extractor_of_a_new_version_computes_only_itself(crate: Crate) -> None:
    crate.sounds(a=0.2)
    crate.tracks("a")
    crate.scan()
    assert crate.scan(faults.newer).heard == 1
    assert crate.rows()["a"].versions == {**OWN, "loudest": "2"}
    assert crate.scan(faults.newer).unchanged == 1


def test_what_was_found_before_stays_when_less_is_wanted(crate: Crate) -> None:
    crate.sounds(a=0.2)
    crate.tracks("a")
    crate.scan()
    pcm = crate.rows()["a"].pcm
    crate.scan(faults.newer, only=["loudest"])
    assert crate.rows()["a"].pcm == pcm


def test_the_same_sound_is_heard_once_even_if_all_come_at_once(crate: Crate) -> None:
    crate.sounds(a=0.2)
    for key in "bcdefgh":
        crate.path(key).write_bytes(crate.path("a").read_bytes())
    crate.tracks(*"abcdefgh")
    report = crate.scan(faults.slow, jobs=2)
    assert (report.heard, report.reused) == (1, 7)
    assert {row.peak for row in crate.rows().values()} == {crate.rows()["a"].peak}


def test_a_path_that_several_tracks_and_datasets_name_is_heard_once_in_each(crate: Crate) -> None:
    crate.sounds(a=0.2)
    crate.tracks("a")
    crate.tracks("a", name="other")
    report = crate.scan(names=("crate", "other"))
    assert (report.heard, report.reused, len(report.revisions)) == (1, 1, 2)


def test_one_file_stops_no_other(crate: Crate) -> None:
    crate.sounds(
        a=0.2, crashes=faults.CRASHES, hangs=faults.HANGS, killed=faults.KILLED, raises=faults.RAISES, t=0.4, z=0.6
    )
    crate.path("junk").write_bytes(b"junk")
    crate.tracks("a", "crashes", "gone", "hangs", "junk", "killed", "raises", "t", "z")
    report = crate.scan(faults.faulty, timeout_s=2.0)
    assert crate.problems() == {
        "a": None,
        "crashes": "crashed",
        "gone": "missing",
        "hangs": "timeout",
        "junk": "undecodable",
        "killed": "crashed",
        "raises": "crashed",
        "t": None,
        "z": None,
    }
    rows = crate.rows()
    assert rows["crashes"].reason == "the decoder crashed (SIGSEGV)"
    assert "memory" in rows["killed"].reason
    assert "ZeroDivisionError: a bug" in rows["raises"].reason
    assert rows["hangs"].reason == "it was not heard within 2 s"
    assert (report.heard, report.problems.total()) == (3, 6)


def test_what_timed_out_is_tried_again_and_what_cannot_be_decoded_is_not(crate: Crate) -> None:
    crate.sounds(hangs=faults.HANGS)
    crate.path("junk").write_bytes(b"junk")
    crate.tracks("hangs", "junk")
    crate.scan(faults.faulty, timeout_s=1.0)
    report = crate.scan(faults.sound)
    assert (report.heard, report.problems) == (1, {"undecodable": 1})
    assert crate.problems() == {"hangs": None, "junk": "undecodable"}


def test_what_was_known_of_a_file_that_can_no_longer_be_reached_stays(crate: Crate) -> None:
    crate.sounds(a=0.2)
    crate.tracks("a")
    crate.scan()
    known = crate.rows()["a"]
    crate.path("a").rename(crate.path("elsewhere"))
    crate.scan()
    row = crate.rows()["a"]
    assert (row.problem, row.size_bytes, row.packets, row.sha256) == ("missing", None, known.packets, known.sha256)
    crate.path("elsewhere").rename(crate.path("a"))
    assert crate.scan().reused == 1
    assert crate.rows()["a"].problem is None


def test_a_scan_waits_for_an_import_and_says_so(crate: Crate) -> None:
    crate.sounds(a=0.2)
    crate.tracks("a")
    notes: list[str] = []
    importing = hold(crate.store, "import")

    def tell(progress: Progress) -> None:
        if progress.note and "waiting to publish" in progress.note:
            notes.append(progress.note)
            importing.__exit__(None, None, None)

    importing.__enter__()
    assert len(crate.scan(tell=tell).revisions) == 1
    assert len(notes) == 1


def test_one_scan_runs_at_a_time(crate: Crate) -> None:
    crate.tracks("a")
    with hold(crate.store, "scan"), pytest.raises(LeaseHeld, match="another scan is running"):
        crate.scan()


def test_a_scan_that_is_told_to_end_publishes_what_it_heard_and_the_next_goes_on(crate: Crate) -> None:
    keys = [f"k{number:02}" for number in range(10)]
    crate.sounds(**{key: 0.1 + number / 50 for number, key in enumerate(keys)})
    crate.tracks(*keys)
    so_far: list[int] = []
    report = crate.scan(
        faults.slow, stop=lambda: bool(so_far) and so_far[-1] >= 3, tell=lambda progress: so_far.append(progress.done)
    )
    assert report.interrupted
    assert 3 <= report.heard < 10
    assert len(crate.rows()) == report.heard
    rest = crate.scan()
    assert (rest.unchanged, rest.heard, rest.interrupted) == (report.heard, 10 - report.heard, False)


def test_batches_are_revisions(crate: Crate) -> None:
    keys = [f"k{number:02}" for number in range(9)]
    crate.sounds(**{key: 0.1 + number / 20 for number, key in enumerate(keys)})
    crate.tracks(*keys)
    assert len(crate.scan(batch=3).revisions) >= 2
    assert verify(crate.store).broken is None


def test_two_scans_of_the_same_give_the_same_hashes(crate: Crate, tmp_path: Path) -> None:
    crate.sounds(a=0.2, b=0.4)
    crate.tracks("a", "b")
    crate.scan(jobs=1)
    hashes = {key: row.row_hash for key, row in crate.rows().items()}
    with Store(sqlite_url(tmp_path / "other.sqlite")) as store:
        other = Crate.__new__(Crate)
        other.store, other.folder = store, crate.folder
        other.tracks("a", "b")
        assert other.scan(jobs=2).reused == 2
        assert {key: row.row_hash for key, row in other.rows().items()} == hashes


def test_a_full_disk_under_the_cache_ends_the_scan_and_damages_nothing(crate: Crate) -> None:
    crate.sounds(a=0.2, b=0.4, c=0.6)
    crate.tracks("a", "b", "c")
    folder = crate.folder / "features" / "loudest-1"
    with FeatureCache(crate.folder / "features") as cache:
        cache.put("loudest", "1", "0" * 64, b"x" * 3_000_000)
    (shard,) = folder.glob("*.shard")
    with pytest.raises(CacheUnwritable, match="Make room there") as refused:
        crate.scan(faults.limited)
    assert refused.value.exit_code == 3
    assert shard.stat().st_size < 3_000_100
    report = crate.scan()
    assert report.done == 3
    assert verify(crate.store).broken is None
