"""Words for what two matching files are to each other."""

import pytest

from audit_core.neighbours.kinds import KINDS, Facts, kind, one_recording
from audit_core.neighbours.match import Match, Stretch


def facts(
    *, sha256: str | None = None, packets: str | None = None, pcm: str | None = None, duration_s: float = 100
) -> Facts:
    return Facts(sha256=sha256, packets=packets, pcm=pcm, duration_s=duration_s, codec="mp3", peaks=6000)


def match(
    *, tempo: float = 1.0, pitch: float = 0.0, agreement: tuple[float, float] = (0.9, 0.9), whole: bool = True
) -> Match:
    stretch = Stretch(0, 0, 100, tempo, pitch, 300, *agreement)
    return Match(0, 1, (stretch,), 300, whole=whole, candidate=False)


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [
        (facts(sha256="1"), facts(sha256="1"), "exact copy"),
        (facts(sha256="1", packets="2"), facts(sha256="3", packets="2"), "same audio re-tagged"),
        (facts(packets="1", pcm="2"), facts(packets="3", pcm="2"), "same audio re-tagged"),
    ],
)
def test_hashes_tell_before_peaks_do(a: Facts, b: Facts, word: str) -> None:
    assert kind(None, a, b) == word
    assert kind(match(tempo=1.1), a, b) == word


def test_what_is_unknown_of_both_is_not_the_same() -> None:
    assert kind(match(), facts(), facts()) == "re-encode"


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (match(whole=False), "excerpt"),
        (match(whole=False, tempo=0.9), "excerpt"),
        (match(tempo=0.96), "faster"),
        (match(tempo=0.96, pitch=0.68), "faster"),
        (match(tempo=1.04, pitch=-0.68), "slower"),
        (match(pitch=1), "higher"),
        (match(pitch=-2), "lower"),
        (match(agreement=(0.9, 0.2)), "mixed over"),
        (match(agreement=(0.55, 0.5)), "remaster"),
        (match(tempo=1.0001, pitch=0.01), "re-encode"),
    ],
)
def test_then_coverage_tempo_pitch_and_agreement(found: Match, word: str) -> None:
    assert kind(found, facts(), facts()) == word


@pytest.mark.parametrize(
    ("found", "one"),
    [
        (match(agreement=(0.5, 0.5)), True),
        (match(tempo=0.96, pitch=0.68, agreement=(0.5, 0.9)), True),
        (match(agreement=(0.9, 0.49)), False),
        (match(agreement=(0.49, 0.9)), False),
        (match(pitch=1, agreement=(0.49, 0.49)), False),
        (match(whole=False), False),
    ],
)
def test_one_recording_covers_both_files_and_most_of_what_is_heard_in_each(found: Match, one: bool) -> None:
    assert one_recording(found) is one


def test_every_word_is_listed() -> None:
    assert len(set(KINDS)) == len(KINDS) == 10


def test_without_match_and_common_hash_there_is_no_word() -> None:
    with pytest.raises(ValueError, match="neither a match nor a common hash"):
        kind(None, facts(), facts())
