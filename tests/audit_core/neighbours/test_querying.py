"""Files that are in no catalogue, heard to be held against one."""

from __future__ import annotations

from pathlib import Path

from audit_core.neighbours.querying import Listened, Unheard, listened
from tests.support.sound import tone, write


def test_a_file_is_heard_whatever_its_name_and_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path / "tone.wav", tone(440, 0.3, 8000), 8000)
    plain = (tmp_path / "tone.wav").rename(tmp_path / "odd\\x41.wav")
    junk = tmp_path / "junk.wav"
    junk.write_bytes(b"junk")
    first, second, third = listened([plain, junk, tmp_path / "gone.wav"], jobs=1)
    assert isinstance(first, Listened)
    assert first.path == str(plain)
    assert isinstance(second, Unheard)
    assert isinstance(third, Unheard)
